// winston-hipchat: a transport of the logger winston, over API v1 with all in the query.
const assert = require('assert');
const winston = require('winston');
const { Hipchat } = require('winston-hipchat');

const { JANE_TOKEN, ADMIN_TOKEN } = process.env;
const log = (options, ...message) => new Promise((resolve, reject) => {
  new Hipchat({ room: 'Dev Ops', ...options })
    .log(...message, (error, done) => (error ? reject(error) : resolve(done)));
});

(async () => {
  assert.ok(new winston.Logger({
    transports: [new Hipchat({ room: 1, token: ADMIN_TOKEN })],
  }).transports.Hipchat);
  assert.strictEqual(await log({ token: ADMIN_TOKEN }, 'info', 'as it comes', {}), true);
  await log({ token: ADMIN_TOKEN }, 'error', 'with é & more', { where: 'web1' });
  await log({
    token: ADMIN_TOKEN, from: 'Logger', color: 'red', notify: 1, messageFormat: 'html',
    message: '<b>{{ level }}</b> {{ message }}',
  }, 'warn', 'as set up', {});
  await assert.rejects(log({ token: 'wrong' }, 'info', 'refused', {}), /Code: 401/);
})();
