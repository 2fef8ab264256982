// Commands whose output cdktf needs at the end of a synth, run beside the rest of
// it. cdktf knows them when a construct is made, and waits for them one by one.
"use strict";

const fs = require("fs");
const os = require("os");
const path = require("path");
const { execSync, spawn } = require("child_process");
const { name } = require("./temporary.js");

const LONGEST = 60e3; // milliseconds

const started = new Map(); // command -> folder with its output and status

// start runs a command in the background, once.
function start(command) {
  if (started.has(command)) return;
  started.set(command, null);
  try {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), name()));
    process.once("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
    const script = `( ${command}\n) >"$0/output"; echo $? >"$0/status"`;
    const child = spawn("/bin/sh", ["-c", script, folder], { stdio: "ignore" });
    child.on("error", () => {});
    child.unref();
    if (child.pid) started.set(command, folder);
  } catch {
    // It is run when its output is needed.
  }
}

// output waits for a command that was started, and returns null unless it succeeded.
function output(command) {
  const folder = started.get(command);
  if (!folder) return null;
  const still = new Int32Array(new SharedArrayBuffer(4));
  for (const end = Date.now() + LONGEST; Date.now() < end; Atomics.wait(still, 0, 0, 1)) {
    const status = read(path.join(folder, "status"));
    if (!status?.length) continue;
    return status.toString() === "0\n" ? read(path.join(folder, "output")) : null;
  }
  return null;
}

function read(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    return null;
  }
}

module.exports = {
  start,
  // A command that failed runs again, for the error that it gives.
  execSync: (command, options) => output(command) ?? execSync(command, options),
};
