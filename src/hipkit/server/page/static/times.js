// Shows times in the reader's time zone and language: only the browser knows both.
"use strict";

(() => {
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const shortDay = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

  function showTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
      time.title = time.dateTime;
      time.textContent = local.format(new Date(time.dateTime));
    }
    for (const time of root.querySelectorAll("time.ago")) {
      const date = new Date(time.dateTime);
      const isToday = date.toDateString() === new Date().toDateString();
      time.textContent = (isToday ? clock : shortDay).format(date);
      time.title = `Last message: ${local.format(date)}`;
    }
    for (const time of root.querySelectorAll(".when time")) {
      const date = new Date(time.dateTime);
      time.textContent = clock.format(date);
      time.title = exact.format(date);
    }
  }

  globalThis.hipkit = { showTimes, dayOf: (date) => day.format(date) };
})();
