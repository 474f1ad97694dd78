// hipchatter on Node.js. Like ../contestant.py it reads who it is and what to do from the first line
// of its standard input, and from each further line how many calls to make; it answers each with the
// seconds of CPU, of all its threads, and of the clock that they took.
const readline = require('readline');
const Hipchatter = require('hipchatter');

const seconds = (microseconds) => microseconds / 1e6;

const opened = ({ task, at_once: atOnce }) => {
  const { message, color, message_format: format, notify } = JSON.parse(task.content);
  const [, token] = task.headers.find(([name]) => name === 'Authorization')[1].split(' ');
  const hipchat = new Hipchatter(token, `${task.origin}/v2/`);
  const send = () => new Promise((resolve, reject) => {
    const options = { message, color, message_format: format, notify, token };
    hipchat.notify('Dev%20Ops', options, (error) => (error ? reject(error) : resolve()));
  });
  const work = async (calls) => {
    for (let sent = 0; sent < calls; sent += 1) await send();
  };
  return (calls) => Promise.all(Array.from({ length: atOnce }, () => work(calls / atOnce)));
};

const main = async () => {
  let run;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!run) {
      run = opened(JSON.parse(line));
      continue;
    }
    const wall = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    await run(Number(line));
    const { user, system } = process.cpuUsage(cpu);
    const elapsed = Number(process.hrtime.bigint() - wall) / 1e9;
    process.stdout.write(`${seconds(user + system)} ${elapsed}\n`);
  }
  process.exit(); // Idle connections would keep it running.
};

main().catch((error) => {
  process.stderr.write(`${error.stack}\n${error.message}\n`);
  process.exit(1);
});
