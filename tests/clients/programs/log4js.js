// log4js 2: its appender for HipChat, one notification for each level.
const assert = require('assert');
const log4js = require('log4js');

const { HOST, ROOM_TOKEN } = process.env;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

const answers = [];
const sent = new Promise((resolve) => {
  const appender = (name, extra) => ({
    type: 'hipchat',
    hipchat_token: ROOM_TOKEN,
    hipchat_host: HOST,
    hipchat_response_callback: (error, response) => {
      answers.push(error || response.statusCode);
      if (answers.length === LEVELS.length + 1) resolve();
    },
    ...extra,
  });
  log4js.configure({
    appenders: {
      plain: appender('plain', { hipchat_room: '1' }),
      named: appender('named', {
        hipchat_room: 'Dev Ops', hipchat_from: 'log4js', hipchat_notify: true,
        layout: { type: 'pattern', pattern: '%p: %m' },
      }),
    },
    categories: {
      default: { appenders: ['plain'], level: 'trace' },
      named: { appenders: ['named'], level: 'error' },
    },
  });
  const logger = log4js.getLogger();
  for (const level of LEVELS) logger[level](`at ${level}`);
  log4js.getLogger('named').error('with a layout');
});
sent.then(() => assert.deepStrictEqual(answers, Array(LEVELS.length + 1).fill(204)));
