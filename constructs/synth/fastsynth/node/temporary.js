// What is in the system's temporary folder while a program runs. Its name says
// which process it belongs to, so that the next start can remove what a killed one
// has left.
"use strict";

const fs = require("fs");
const os = require("os");
const path = require("path");

const DAY = 864e5;

// name begins the name of a file or folder of this process.
const name = () => `fastsynth-${process.pid}-`;

// take makes a file of the temporary folder this process's own, under another name.
function take(file) {
  const mine = path.join(path.dirname(file), name() + path.basename(file));
  try {
    fs.renameSync(file, mine);
    return mine;
  } catch {
    return file;
  }
}

// removeAbandoned removes from a folder what is named after processes that are gone.
function removeAbandoned(folder = os.tmpdir(), pattern = /^fastsynth-(\d+)-/) {
  try {
    for (const entry of fs.readdirSync(folder)) {
      const [, pid] = pattern.exec(entry) ?? [];
      const file = path.join(folder, entry);
      // After a day, a process with that number is another one.
      if (pid && (isGone(Number(pid)) || Date.now() - fs.statSync(file).mtimeMs > DAY)) {
        fs.rmSync(file, { recursive: true, force: true });
      }
    }
  } catch {
    // Another process may be doing the same.
  }
}

function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch (err) {
    return err.code === "ESRCH";
  }
}

module.exports = { name, take, removeAbandoned };
