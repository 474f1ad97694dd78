// Reads texts as a JSON list of strings, and writes what Rocket.Chat's parser makes of each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { parse } = require("@rocket.chat/message-parser");
const options = { colors: true, emoticons: false, katex: { dollarSyntax: true, parenthesisSyntax: true } };
const texts = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(texts.map((text) => parse(text, options))));
