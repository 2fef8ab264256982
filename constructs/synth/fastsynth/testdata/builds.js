// node builds.js <folder>
// makes the store of each archive in the folder, NAME.tgz, in the folder NAME.
"use strict";

const fs = require("fs");
const path = require("path");
const { makeStore } = require("../node/build.js");

async function main(folder) {
  for (const name of fs.readdirSync(folder)) {
    const store = path.join(folder, path.basename(name, ".tgz"));
    fs.mkdirSync(store);
    await makeStore(store, fs.openSync(path.join(folder, name)));
  }
}

main(process.argv[2]);
