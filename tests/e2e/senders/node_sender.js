// Posts with nothing but Node.js.
const https = require("https");

const request = https.request(
  "https://api.hipchat.com/v2/room/Dev%20Ops/notification",
  {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${process.env.TOKEN}`,
      "Content-Type": "application/json",
    },
  },
  (answer) => {
    answer.resume();
    process.exitCode = answer.statusCode === 204 ? 0 : 1;
  },
);
request.end(JSON.stringify({ message: "node" }));
