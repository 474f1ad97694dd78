// hipchat-notify: five kinds of notification, in HTML where the text looks so.
const assert = require('assert');

process.env.HIPCHAT_HOST = process.env.ROOT;
const HipChatNotify = require('hipchat-notify');

const send = (notifier, kind, message) => new Promise((resolve, reject) => {
  notifier[kind](message, (error, answer) => (error ? reject(error) : resolve(answer)));
});

(async () => {
  const notifier = new HipChatNotify(1, process.env.ROOM_TOKEN);
  for (const kind of ['notify', 'info', 'warning', 'success', 'error']) {
    assert.deepStrictEqual(await send(notifier, kind, `a ${kind}`), { status: 'ok' });
  }
  await send(notifier, 'fail', { message: '<b>html</b>', color: 'purple', notify: false });
  const other = new HipChatNotify('Dev Ops', 'wrong');
  const answer = await send(other, 'info', 'refused');
  assert.strictEqual(answer.error.message, 'Invalid OAuth session');
})();
