// node-hipchat: every method of API v1.
const assert = require('assert');
const HipChatClient = require('node-hipchat');

const client = new HipChatClient(process.env.ADMIN_TOKEN);
const call = (method, ...given) => new Promise((resolve, reject) => {
  client[method](...given, (answer, error) => (
    error ? reject(new Error(error)) : resolve(answer)
  ));
});
const refused = (pattern, ...given) => assert.rejects(call(...given), pattern);

(async () => {
  assert.deepStrictEqual((await call('listRooms')).rooms.map((room) => room.name), [
    'Dev Ops', 'Secret',
  ]);
  const made = await call('createRoom', {
    name: 'Node', owner_user_id: 2, topic: 'start', guest_access: false,
  });
  const { room_id: id } = made.room;
  assert.strictEqual((await call('showRoom', id)).room.topic, 'start');
  const message = { room: 'Dev Ops', message: 'as it comes' };
  assert.deepStrictEqual(await call('postMessage', message), { status: 'sent' });
  await call('postMessage', {
    room: 1, from: 'Program', message: 'red & more', color: 'red', notify: true,
    message_format: 'text',
  });
  const { messages } = await call('getHistory', { room: 1 });
  assert.strictEqual(messages[0].message, 'as it comes');
  await call('deleteRoom', id);
  assert.ok(client.getRateLimits().limit > 0);

  assert.strictEqual((await call('listUsers')).users.length, 3);
  const user = (await call('createUser', {
    email: 'node@example.com', name: 'Node Guy', title: 'Guest', password: 'quite secret',
  })).user;
  assert.strictEqual(user.email, 'node@example.com');
  await call('updateUser', {
    user_id: user.user_id, email: 'node@example.com', name: 'Node Man', title: 'Lead',
  });
  const shown = (await call('showUser', user.user_id)).user;
  assert.deepStrictEqual([shown.name, shown.title, shown.mention_name], ['Node Man', 'Lead', 'NodeMan']);
  assert.deepStrictEqual(await call('deleteUser', 'node@example.com'), { deleted: true });

  await refused(/"code": ?404/, 'showRoom', 999);
  client.apikey = 'wrong';
  await refused(/"code": ?401/, 'createUser', { email: 'x@example.com', name: 'X' });
})();
