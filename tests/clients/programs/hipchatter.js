// Everything that hipchatter offers: it is the widest of the libraries for Node.js.
const assert = require('assert');
const Hipchatter = require('hipchatter');

const { ROOT, ADMIN_TOKEN, ROOM_TOKEN } = process.env;
const hipchat = new Hipchatter(ADMIN_TOKEN, `${ROOT}/v2/`);
const call = (name, ...args) => new Promise((resolve, reject) => {
  hipchat[name](...args, (error, body) => (error ? reject(error) : resolve(body)));
});
const refused = (text, name, ...args) => assert.rejects(call(name, ...args), text);

(async () => {
  assert.strictEqual((await call('capabilities')).name, 'HipChat');
  assert.strictEqual((await call('emoticons')).length, 1);
  assert.strictEqual((await call('emoticons', { type: 'group' })).length, 1);
  assert.strictEqual((await call('emoticons', 'party')).id, 1);
  assert.strictEqual((await call('get_emoticon', 1)).shortcut, 'party');

  await call('create_room', {
    name: 'NodeRoom', guest_access: false, privacy: 'public', topic: 'start',
  });
  await refused(/Another room/, 'create_room', { name: 'NodeRoom' });
  assert.strictEqual((await call('rooms')).length, 3);
  const room = await call('get_room', 'NodeRoom');
  assert.strictEqual(room.topic, 'start');
  assert.strictEqual((await call('get_room', 'Dev%20Ops')).id, 1);
  await call('update_room', {
    name: 'NodeRoom', privacy: 'private', is_archived: false, is_guest_accessible: false,
    topic: 'changed', owner: { id: 1 },
  });
  const member = { room_name: 'NodeRoom', user_email: 'jane@example.com' };
  await call('add_member', member);
  await call('invite_member', member, { reason: 'please' });
  await call('delete_member', member);
  await call('add_member', { room_name: 'NodeRoom', user_email: 'bob@example.com' });

  await call('notify', 'NodeRoom', { message: 'from an admin', color: 'green', token: ADMIN_TOKEN });
  await call('notify', '1', 'in short', ROOM_TOKEN);
  await call('notify', '1', {
    message: 'in full', color: 'purple', token: ROOM_TOKEN, notify: true, message_format: 'text',
  });
  await refused(/Message is required/, 'notify', '1', {});
  await refused(/Invalid OAuth session/, 'notify', '1', 'refused', 'wrong');
  await call('send_room_message', 'NodeRoom', 'said');
  await call('send_room_message', '1', { message: 'said to all' });
  await call('set_topic', 'NodeRoom', 'new topic');
  const said = (await call('history', 'NodeRoom')).items.map((item) => item.message);
  assert.ok(said.includes('from an admin') && said.includes('said'), said);

  const hook = await call('create_webhook', 'NodeRoom', {
    url: 'https://example.com/hook', event: 'room_message', pattern: '^/node', name: 'node',
  });
  assert.strictEqual((await call('get_webhook', 'NodeRoom', hook.id)).name, 'node');
  assert.strictEqual((await call('webhooks', 'NodeRoom')).items.length, 1);
  await call('delete_webhook', 'NodeRoom', hook.id);
  for (const event of ['room_enter', 'room_exit']) {
    await call('create_webhook', 'NodeRoom', { url: 'https://example.com/hook', event });
  }
  await call('delete_all_webhooks', 'NodeRoom');
  await call('create_webhook', 'NodeRoom', {
    url: 'https://example.com/kept', event: 'room_notification',
  });

  assert.strictEqual((await call('users')).length, 3);
  const page = await call('users', { 'max-results': 1, expand: 'items' });
  assert.strictEqual(page[0].email, 'admin@example.com');
  assert.strictEqual((await call('view_user', 'jane@example.com')).mention_name, 'JaneDoe');
  await call('create_user', { name: 'Node Guy', email: 'node@example.com' });
  await call('update_user', {
    name: 'Node Guy', email: 'node@example.com', title: 'Lead', mention_name: 'Node',
    is_group_admin: false, timezone: 'UTC', presence: { status: 'busy', show: 'dnd' },
    roles: ['user'],
  });
  await call('send_private_message', 'jane@example.com', { message: 'hey' });
  await call('create_user', { name: 'Gone Guy', email: 'gone@example.com' });
  await call('delete_user', 'gone@example.com');
  await refused(/not found/, 'view_user', 'gone@example.com');

  await call('create_room', { name: 'GoneRoom' });
  await call('delete_room', 'GoneRoom');
  assert.strictEqual(await call('room_exists', 'GoneRoom'), false);
  assert.strictEqual(await call('room_exists', 'NodeRoom'), true);
})();
