// hipchatter's own tests, all of them, as its authors ran them against HipChat.
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const { ADMIN_TOKEN, HOME, NODE_PATH, ROOM_TOKEN, ROOT } = process.env;
const folder = path.join(HOME, 'hipchatter');

fs.cpSync(path.join(NODE_PATH, 'hipchatter'), folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'test', 'settings.json'), JSON.stringify({
  apikey: ADMIN_TOKEN,
  room_token: ROOM_TOKEN,
  webhook_url: 'https://example.com/hook',
  endpoint: `${ROOT}/v2/`,
  test_room: 'Dev%20Ops',
  test_user: { name: 'Jane Doe', email: 'jane@example.com' },
  disposable_room: 'Disposable',
  disposable_user: {
    name: 'Disposable Guy', title: 'Guest', mention_name: 'Disposable', is_group_admin: false,
    timezone: 'UTC', password: '', email: 'gone@example.com',
  },
}));
const mocha = path.join(NODE_PATH, 'mocha', 'bin', '_mocha');
execFileSync('node', [mocha, '-t', '6000', '-R', 'spec'], { cwd: folder, stdio: 'inherit' });
