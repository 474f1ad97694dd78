// The client of Atlassian's own framework for add-ons: it asks for a token a scope, by HTTP basic.
const assert = require('assert');
const { promisify } = require('util');
const request = require('request');
const rest = require('ac-node-hipchat/lib/rest-client')(request);

const {
  ROOT, CLIENT_ID, CLIENT_SECRET, CLIENT_SCOPES, ADMIN_TOKEN, JANE_TOKEN,
} = process.env;
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const kept = {};
const cache = {
  get: (key) => Promise.resolve(kept[key]),
  set: (key, value) => { kept[key] = value; return Promise.resolve(); },
};

// Every call of the client, by its function: some have two names. It rejects a status that is not
// the one which HipChat documented for the call.
const left = new Map();
const calls = Object.getPrototypeOf(rest);
const methods = Object.keys(calls).filter((name) => !/^_|^forTenant$/.test(name));
for (const [name, call] of methods.map((method) => [method, calls[method]])) {
  left.set(call, name);
  calls[name] = function counted(...given) {
    return call.apply(this, given).then((answer) => {
      left.delete(call);
      return answer;
    });
  };
}
assert.strictEqual(left.size, 39);

(async () => {
  const { links, capabilities } = await rest.getCapabilities(`${ROOT}/v2/capabilities`);
  const tenant = {
    id: CLIENT_ID,
    secret: CLIENT_SECRET,
    links: {
      capabilities: links.self,
      base: links.homepage,
      api: links.api,
      token: capabilities.oauth2Provider.tokenUrl,
    },
  };
  const client = rest.forTenant(tenant, cache, CLIENT_SCOPES.split(' '));
  const refused = (status, name, ...args) => (
    assert.rejects(client[name](...args), new RegExp(`code ${status}`), name)
  );

  const session = await client.getToken('send_notification');
  const told = await client.getSession(session);
  assert.deepStrictEqual(told.scopes, ['send_notification']);
  assert.strictEqual((await client.getEmoticons()).items.length, 1);
  assert.strictEqual((await client.getEmoticon('party')).id, 1);

  const made = { name: 'AcRoom', topic: 'start', guestAccess: false, ownerUserId: 2, privacy: 'public' };
  await client.createRoom(made);
  await refused(400, 'createRoom', made);
  await client.createRoom({ name: 'AcRoom2', topic: '', ownerUserId: '2' });
  const page = await client.getRooms({
    maxResults: 2, startIndex: 1, includeArchived: true, expand: 'items',
  });
  assert.strictEqual(page.items[1].owner.name, 'Jane Doe');
  await client.sendNotification('AcRoom', '<b>note</b>', {
    color: 'red', notify: true, format: 'html', from: 'x',
  });
  await client.sendNotification('AcRoom', 'with a card', {
    card: { style: 'link', url: 'https://example.com/', id: '1', title: 'T', description: 'd' },
  });
  await client.sendNotification(1, 'to the first room');
  assert.strictEqual((await client.getRoom('AcRoom')).topic, 'start');
  assert.strictEqual((await client.getRoomStatistics('AcRoom')).messages_sent, 2);
  const recent = await client.getRecentRoomHistory('AcRoom', { maxResults: 5 });
  const { id } = recent.items[0];
  assert.strictEqual((await client.getRoomHistory('AcRoom', { date: 'recent' })).items[0].id, id);
  assert.strictEqual((await client.getRoomMessage('AcRoom', id)).message.message, '<b>note</b>');
  // An add-on speaks for nobody: these take the token of a person.
  await refused(403, 'replyToMessage', 'AcRoom', id, 'an answer');
  await refused(403, 'shareLinkWithRoom', 'AcRoom', 'https://example.com/', 'look');
  const room = `${links.api}/room/AcRoom`;
  await rest.replyToMessage(`${room}/reply`, JANE_TOKEN, id, 'an answer');
  await rest.shareLinkWithRoom(`${room}/share/link`, JANE_TOKEN, 'https://example.com/', 'look');
  await client.setRoomTopic('AcRoom', 'next');

  await client.updateRoom('AcRoom', {
    name: 'AcRoom', privacy: 'private', isArchived: false, isGuestAccessible: false,
    topic: 'last', owner: { id: 2 },
  });
  await client.addRoomMember('AcRoom', 'bob@example.com');
  assert.strictEqual((await client.getRoomMembers('AcRoom', { expand: 'items' })).items.length, 2);
  await client.removeRoomMember('AcRoom', 3);
  assert.strictEqual((await client.getRoomMembers('AcRoom')).items.length, 1);

  const hook = { url: 'https://example.com/hook', event: 'room_message', name: 'hook', pattern: '^/ac' };
  const { id: hookId } = await client.createRoomWebhook('AcRoom', hook);
  assert.strictEqual((await client.getRoomWebhook('AcRoom', hookId)).pattern, '^/ac');
  assert.strictEqual((await client.getRoomWebhooks('AcRoom')).items.length, 1);
  await client.deleteRoomWebhook('AcRoom', hookId);
  await client.createRoomWebhook('AcRoom', { ...hook, name: 'kept' });

  const person = { name: 'Ac Guy', email: 'ac@example.com', mentionName: 'acg', timezone: 'UTC' };
  await client.createUser({ ...person, title: '', isGroupAdmin: false, password: 'xyz12345' });
  assert.strictEqual((await client.getUsers({ expand: 'items' })).items.length, 4);
  await client.updateUser('ac@example.com', { ...person, title: 'Lead', roles: ['user'] });
  assert.strictEqual((await client.getUser('@acg')).title, 'Lead');
  await client.updateUserPhoto('ac@example.com', PICTURE);
  assert.ok((await client.getUser('ac@example.com')).photo_url);
  await client.deleteUserPhoto('ac@example.com');
  await refused(403, 'getRecentPrivateChatHistory', 'ac@example.com');
  await refused(403, 'shareLinkWithUser', 'ac@example.com', 'https://example.com/', 'm');
  const jane = `${links.api}/user/jane%40example.com`;
  await rest.shareLinkWithUser(`${jane}/share/link`, ADMIN_TOKEN, 'https://example.com/', 'hey');
  const history = `${links.api}/user/1/history`;
  const said = await rest.getRecentPrivateChatHistory(`${history}/latest`, JANE_TOKEN);
  const { message } = await rest.getPrivateChatMessage(`${history}/${said.items[0].id}`, JANE_TOKEN);
  assert.ok(message.message.includes('hey'));
  await refused(403, 'getPrivateChatMessage', 'jane@example.com', said.items[0].id);
  await client.createUser({ name: 'Gone Guy', email: 'gone@example.com' });
  await client.deleteUser('gone@example.com');
  await refused(404, 'getUser', 'gone@example.com');

  const content = {
    label: { type: 'html', value: '<b>3</b> greeted' },
    status: { type: 'lozenge', value: { type: 'success', label: 'on' } },
    metadata: { count: 3 },
  };
  // The add-on's descriptor has its glances, but this client belongs to none.
  const icon = { url: 'https://example.com/i.png', 'url@2x': 'https://example.com/i2.png' };
  const admin = await client.getToken('admin_group');
  const declared = await promisify(request.put)(`${links.api}/extension/glance/greeted`, {
    auth: { bearer: admin }, json: { name: { value: 'Greeted' }, icon },
  });
  assert.strictEqual(declared.statusCode, 201);
  const glances = { glance: [{ key: 'greeted', content }] };
  await client.glancePushRoom('AcRoom', glances);
  await client.glancePushUser(2, glances);
  await client.glancePushGroup(glances);

  await client.deleteRoom('AcRoom2');
  await client.deleteSession(session);
  await refused(401, 'getSession', session);
  assert.deepStrictEqual([...left.values()], []);
})();
