// A greeter on Atlassian's framework for koa. It prints a line of JSON for all that happens to it.
const jwt = require('jwt-simple');
const ack = require('ac-koa').require('hipchat');

const { BASE_URL, PORT } = process.env;
const ICON = 'https://example.com/icon.png';
const tell = (event, told) => console.log(JSON.stringify({ event, ...told }));
const options = {
  name: 'com.example.greeter',
  displayName: 'Addon', // as the client is named that recordings are replayed with
  description: 'Greets whoever enters.',
  version: '0.1.0',
  author: { name: 'Example', url: 'https://example.com' },
  production: { localBaseUrl: BASE_URL, port: PORT },
};
// The framework's own store for tests; its others need Redis or MongoDB.
const app = ack(options, { store: 'MemoryStore' });
const addon = app.addon()
  .hipchat()
  .allowRoom(true)
  .allowGlobal(true)
  .fromName('Addon')
  .avatar(ICON)
  .scopes('send_notification', 'admin_room')
  .configurable('/config', true)
  .glance('greeted', 'Greeted', ICON, 'panel', '/glance')
  .webPanel('panel', 'Greetings', 'hipchat.sidebar.right', '/panel')
  .dialog('dialog', 'Greet', '/dialog')
  .action('greet', 'Greet', 'hipchat.message.action', 'dialog')
  .externalPage('page', 'Page', '/page');

// Checks what the framework leaves unchecked on webhooks: how it is signed.
const claims = (context) => {
  const [scheme, token] = context.header.authorization.split(' ');
  return { scheme, ...jwt.decode(token, context.tenant.secret) };
};

addon.onWebhook('install', function* () {
  yield this.roomClient.sendNotification('Hello.', { format: 'text' });
  const made = yield this.tenantWebhooks.add('room_message', '^/dynamic');
  const { id, group, room } = this.tenant;
  tell('install', { id, group, room, hook: made.id });
});
addon.onWebhook('uninstall', function* () {
  tell('uninstall', { id: this.tenant.id });
});
addon.onWebhook('room_message', function* () {
  if (this.query.token) tell('dynamic', { content: this.content });
});
const signed = (event) => ({ event, authentication: 'jwt' });
addon.webhook(signed('room_enter'), function* () {
  yield this.roomClient.sendNotification(`Hi, ${this.sender.name}!`);
  tell('room_enter', { sender: this.sender, signed: claims(this) });
});
addon.webhook({ ...signed('room_message'), pattern: /^\/greet\s+(.+?)\s*$/i }, function* () {
  yield this.roomClient.sendNotification(`Hi, <b>${this.match[1]}</b>!`, { color: 'green' });
  tell('room_message', { content: this.content, signed: claims(this) });
});
for (const event of ['room_exit', 'room_topic_change', 'room_notification']) {
  addon.webhook(event, function* () {
    const { sender, topic, content } = this;
    tell(event, { sender: sender.name, topic, content, signature: this.header.authorization });
  });
}

// The framework's own check, at addresses of the add-on's: of a webhook, and of a glance.
addon.webhook({ ...signed('room_message'), pattern: '^/signed', url: '/signed' });
addon.post('/signed', addon.authenticate(), function* () {
  const { userId: user, context: { room_id: room } } = this.authentication;
  yield this.tenantClient.sendNotification(room, 'The signature is right.');
  tell('signed', { id: this.tenant.id, user, room });
  this.status = 204;
});
addon.get('/glance', addon.authenticate(), function* () {
  const { context, issuer, userId } = this.authentication;
  this.set('Access-Control-Allow-Origin', '*');
  this.body = {
    label: { type: 'html', value: '<b>1</b> greeted' },
    metadata: { ...context, id: issuer.id, user: userId },
  };
});
app.listen(() => tell('started'));
