// Shows times in the reader's time zone and language: only the browser knows both.
"use strict";

(() => {
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const shortDay = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
  const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

  function showTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
      const format = time.classList.contains("day") ? date : local;
      time.title = time.dateTime;
      time.textContent = format.format(new Date(time.dateTime));
    }
    for (const time of root.querySelectorAll("time.ago")) {
      const sent = new Date(time.dateTime);
      const isToday = sent.toDateString() === new Date().toDateString();
      time.textContent = (isToday ? clock : shortDay).format(sent);
      time.title = `Last message: ${local.format(sent)}`;
    }
    for (const time of root.querySelectorAll(".when time")) {
      const sent = new Date(time.dateTime);
      time.textContent = clock.format(sent);
      time.title = exact.format(sent);
    }
  }

  globalThis.hipkit = { showTimes, dayOf: (time) => day.format(time) };
})();
