// hipchat-notifier: five kinds of notification, and any other.
const assert = require('assert');
const { make } = require('hipchat-notifier');

const { HOST, ROOM_TOKEN } = process.env;
const send = (notifier, name, message) => new Promise((resolve, reject) => {
  notifier[name](message, (error, response, body) => (
    error ? reject(error) : resolve([response.statusCode, body])
  ));
});

(async () => {
  const notifier = make('1', ROOM_TOKEN, 'Notifier', HOST, true);
  for (const kind of ['notice', 'info', 'success', 'warning', 'failure']) {
    assert.deepStrictEqual(await send(notifier, kind, `a ${kind}`), [204, undefined]);
  }
  const html = { message: '<b>html</b>', color: 'purple' };
  assert.strictEqual((await send(notifier, 'send', html))[0], 204);
  notifier.setRoom('Dev Ops');
  notifier.setFrom('Other');
  notifier.setNotify(false);
  assert.strictEqual((await send(notifier, 'info', 'by name'))[0], 204);
  notifier.setToken('wrong');
  const [status, body] = await send(notifier, 'info', 'refused');
  assert.strictEqual(status, 401);
  assert.strictEqual(body.error.message, 'Invalid OAuth session');
})();
