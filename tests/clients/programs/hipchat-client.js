// hipchat-client: every method of API v1.
const assert = require('assert');
const HipChat = require('hipchat-client');

const hipchat = new HipChat(process.env.ADMIN_TOKEN);
hipchat.host = process.env.ROOT;
const call = (kind, method, ...given) => new Promise((resolve, reject) => {
  hipchat.api[kind][method](...given, (error, answer) => (
    error ? reject(error) : resolve(answer)
  ));
});
const refused = (pattern, ...given) => assert.rejects(call(...given), pattern);

(async () => {
  const { room } = await call('rooms', 'create', { name: 'Client', owner_user_id: 1 });
  assert.strictEqual((await call('rooms', 'list', {})).rooms.length, 3);
  await call('rooms', 'topic', { room_id: room.room_id, topic: 'changed', from: 'Program' });
  const shown = (await call('rooms', 'show', { room_id: room.room_id })).room;
  assert.strictEqual(shown.topic, 'changed');
  const message = { room_id: 1, from: 'Program', message: 'é <b>note</b>', color: 'green' };
  assert.deepStrictEqual(await call('rooms', 'message', message), { status: 'sent' });
  const { messages } = await call('rooms', 'history', { room_id: 1, date: 'recent' });
  assert.strictEqual(messages[0].message, 'é <b>note</b>');
  const secret = (await call('rooms', 'getByName', 'Secret', {})).room;
  const same = await call('rooms', 'getByXmppJid', secret.xmpp_jid, {});
  assert.strictEqual(same.room.room_id, secret.room_id);
  assert.deepStrictEqual(
    await call('rooms', 'delete', { room_id: room.room_id }), { deleted: true },
  );

  const { user } = await call('users', 'create', {
    email: 'client@example.com', name: 'Client Guy', mention_name: 'Client',
    title: 'Guest', is_group_admin: 1, timezone: 'Europe/Berlin',
  });
  assert.ok(user.password);
  assert.strictEqual(user.is_group_admin, 1);
  await call('users', 'update', { user_id: user.user_id, title: 'Lead' });
  const found = (await call('users', 'getByEmail', 'client@example.com', {})).user;
  assert.deepStrictEqual(
    [found.name, found.mention_name, found.title], ['Client Guy', 'Client', 'Lead'],
  );
  const { user_id: id } = user;
  assert.deepStrictEqual(await call('users', 'delete', { user_id: id }), { deleted: true });
  assert.deepStrictEqual((await call('users', 'getByMentionName', 'Client', {})).user, {});
  assert.deepStrictEqual(
    await call('users', 'undelete', { user_id: 'client@example.com' }), { undeleted: true },
  );
  assert.strictEqual((await call('users', 'show', { user_id: id })).user.title, 'Lead');
  assert.ok((await call('users', 'getByStatus', 'offline', {})).users);

  await refused(/400/, 'users', 'create', { email: 'jane@example.com', name: 'Second Jane' });
  await refused(/404/, 'users', 'update', { user_id: 999 });
  hipchat.apiKey = 'wrong';
  await refused(/401/, 'users', 'delete', { user_id: 2 });
})();
