// An add-on on Atlassian's framework for express. It prints a line of JSON for all that happens to it.
const fs = require('fs');
const express = require('express');
const request = require('request');

const { BASE_URL, PORT } = process.env;
const tell = (event, told) => console.log(JSON.stringify({ event, ...told }));
const hook = (event, path, more) => (
  { event, name: path, key: path, url: `{{localBaseUrl}}/${path}`, authentication: 'jwt', ...more }
);
// The framework reads both from the folder that it is started in.
fs.writeFileSync('config.json', JSON.stringify({
  production: { port: PORT, localBaseUrl: BASE_URL },
}));
fs.writeFileSync('atlassian-connect.json', JSON.stringify({
  key: 'com.example.express',
  name: 'Addon', // as the client is named that recordings are replayed with
  description: 'Answers.',
  baseUrl: '{{localBaseUrl}}',
  links: { self: '{{localBaseUrl}}/atlassian-connect.json', homepage: '{{localBaseUrl}}/' },
  vendor: { name: 'Example', url: 'https://example.com' },
  apiVersion: '1:1',
  modules: {
    hipchatApiConsumer: { scopes: ['send_notification', 'view_room'], fromName: 'Addon' },
    installable: {
      allowGlobal: true, allowRoom: true, callbackUrl: '{{localBaseUrl}}/installable',
    },
    glance: [{
      key: 'answers',
      name: { value: 'Answers' },
      queryUrl: '{{localBaseUrl}}/glance',
      icon: { url: 'https://example.com/i.png', 'url@2x': 'https://example.com/i2.png' },
    }],
    webhook: [
      hook('room_message', 'posted', { pattern: '^/posted' }),
      hook('room_message', 'answered', { pattern: '^/answered' }),
      hook('room_topic_change', 'topic'),
      hook('room_message', 'unsigned', { pattern: '^/unsigned', authentication: 'none' }),
    ],
  },
}));

const app = express();
app.set('port', PORT);
const addon = require('atlassian-connect-express')(app);
const hipchat = require('atlassian-connect-express-hipchat')(addon, app);

app.use(express.json());
app.use(addon.middleware());
// The framework renews a token that it has checked, and only such a one.
const told = (request, response) => (
  { ...request.identity, checked: response.get('x-acpt') !== undefined }
);
app.post('/posted', addon.authenticate(), async (asked, response) => {
  const { clientInfo, identity } = asked;
  const token = await hipchat.getAccessToken(clientInfo, ['send_notification']);
  request.post(`${clientInfo.capabilitiesDoc.links.api}/room/${identity.roomId}/notification`, {
    auth: { bearer: token.access_token },
    json: { message: 'by a call', message_format: 'text' },
  }, (error, { statusCode }) => {
    tell('posted', { ...told(asked, response), status: statusCode });
    response.sendStatus(204);
  });
});
app.post('/answered', addon.authenticate(), (asked, response) => {
  tell('answered', told(asked, response));
  response.json({ message: 'by the answer', color: 'green', message_format: 'text' });
});
for (const path of ['topic', 'unsigned']) {
  app.post(`/${path}`, addon.authenticate(), (asked, response) => {
    tell(path, told(asked, response));
    response.sendStatus(204);
  });
}
app.get('/glance', addon.authenticate(), (asked, response) => {
  response.set('Access-Control-Allow-Origin', '*');
  response.json({
    label: { type: 'html', value: '<b>1</b> answer' }, metadata: told(asked, response),
  });
});
// The framework stores nothing of a removal.
addon.on('installed', (id, { groupId, groupName, roomId }) => (
  tell('install', { id, group: groupId, name: groupName, room: roomId })
));
addon.on('uninstalled', (id) => tell('uninstall', { id }));
app.listen(PORT, () => tell('started'));
