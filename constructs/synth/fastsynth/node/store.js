// A store is what fastsynth keeps of one package archive: its manifest, cut into
// pieces that can be read one by one, and its modules. build.js makes it.
//
//   stores/<key>/index   SHA-256 of the rest, a line feed, JSON
//   stores/<key>/data    pieces, each compressed by itself
//
// The index has the offset, size and SHA-256 of every piece, and a piece is
// checked when it is read. The archive stays open meanwhile, so that a damaged
// store can be made anew at any moment.
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const zlib = require("zlib");
const temporary = require("./temporary.js");

const FORMAT = 1;
const STORES = path.join(__dirname, "stores");
// Small packages load fast without help, so they are not worth a store.
const SMALLEST_ARCHIVE = 4e6;
const DAY = 864e5;

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), crypto.createHash("sha256"));

// openStore returns the store of an archive, making it if need be, or null when
// the package does not qualify or anything is wrong. It says why a large package
// is not served, because that is noticed.
function openStore(tarball, name, version, debug, say) {
  let archive;
  let report = debug;
  try {
    archive = fs.openSync(tarball, "r");
    const { size } = fs.fstatSync(archive);
    if (size < SMALLEST_ARCHIVE) throw new Error("the archive is small");
    report = say;
    temporary.removeAbandoned(STORES, /^tmp-(\d+)-/);
    checkOwner(__dirname);
    const dir = path.join(STORES, archiveKey(archive, size, name, version));
    const store = new Store(dir, archive, name, debug);
    store.open();
    debug(`${name}: served from ${dir}`);
    return store;
  } catch (err) {
    report(`${name}: loading as usual: ${err.message}`);
    if (archive !== undefined) fs.closeSync(archive);
    return null;
  }
}

// archiveKey identifies the content of an archive without reading all of it. A
// gzip file ends with the CRC-32 and the size of everything in it; the name, the
// version, the size and samples from the whole length of the file are added.
function archiveKey(fd, size, name, version) {
  const sample = Buffer.alloc(4096);
  const hash = sha256(JSON.stringify([FORMAT, name, version, size]));
  const samples = 64;
  for (let i = 0; i <= samples; i++) {
    const position = Math.floor(((size - sample.length) * i) / samples);
    hash.update(sample.subarray(0, fs.readSync(fd, sample, 0, sample.length, position)));
  }
  return hash.digest("hex");
}

function checkOwner(dir) {
  const { uid, mode } = fs.statSync(dir);
  if (uid !== process.geteuid() || mode & 0o077) throw new Error(`${dir} is not this user's alone`);
}

class Store {
  constructor(dir, archive, name, debug) {
    Object.assign(this, { dir, archive, name, debug, unpacked: new Set(), types: new Map(), read: new Set() });
  }

  open() {
    try {
      this.load();
    } catch (err) {
      this.debug(`${this.name}: making ${this.dir}: ${err.message}`);
      this.build();
      this.load();
    }
    if (this.index.refused) throw new Error(this.index.refused);
  }

  // load reads the index and checks it and the size of the data.
  load() {
    const content = fs.readFileSync(path.join(this.dir, "index"));
    const json = content.subarray(65);
    if (content.toString("latin1", 0, 65) !== sha256(json).digest("hex") + "\n") throw new Error("the index is damaged");
    const index = JSON.parse(json);
    if (index.format !== FORMAT) throw new Error(`the index has format ${index.format}`);
    let data;
    if (!index.refused) {
      data = fs.openSync(path.join(this.dir, "data"), "r");
      if (fs.fstatSync(data).size !== index.size) {
        fs.closeSync(data);
        throw new Error("the data has the wrong size");
      }
    }
    if (this.data !== undefined) fs.closeSync(this.data);
    this.data = data;
    this.index = index;
    this.typeCount = index.typeCount;
    this.files = new Map(index.files);
    this.groups = new Map(index.groups);
    touch(path.join(this.dir, "index"));
    touch(path.join(__dirname, "preload.js"));
  }

  // build makes the store in a Node of its own, which gives the memory back.
  build({ replace = false } = {}) {
    const failure = `${this.dir}.failed`;
    const last = fs.statSync(failure, { throwIfNoEntry: false });
    if (last && Date.now() - last.mtimeMs < DAY) throw new Error(`the last attempt failed, see ${failure}`);
    fs.mkdirSync(STORES, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = fs.statfsSync(STORES);
    if (bavail * bsize < 4 * fs.fstatSync(this.archive).size) throw new Error("the disk is full");
    const temporary = fs.mkdtempSync(path.join(STORES, `tmp-${process.pid}-`));
    try {
      const { NODE_OPTIONS: _, ...env } = process.env;
      const result = require("child_process").spawnSync(process.execPath, [path.join(__dirname, "build.js"), temporary], {
        env, stdio: [this.archive, "ignore", "pipe"], timeout: 120e3, killSignal: "SIGKILL",
      });
      if (result.status !== 0) {
        const reason = result.error?.message || result.stderr.toString().trim() || `killed by ${result.signal}`;
        // SIGINT and the like are no reason not to try again.
        if (result.status !== null) fs.writeFileSync(failure, `${reason}\n`, { mode: 0o600 });
        throw new Error(reason);
      }
      if (replace || !this.loads()) {
        fs.rmSync(this.dir, { recursive: true, force: true });
        fs.renameSync(temporary, this.dir);
      }
    } catch (err) {
      // Another process may have been faster, and made the same.
      if (err.code !== "ENOTEMPTY" && err.code !== "EEXIST") throw err;
    } finally {
      fs.rmSync(temporary, { recursive: true, force: true });
    }
    prune();
  }

  loads() {
    try {
      this.load();
      return true;
    } catch {
      return false;
    }
  }

  // piece returns what a piece holds.
  piece([offset, size, digest]) {
    const get = () => {
      const bytes = Buffer.alloc(size);
      const found = fs.readSync(this.data, bytes, 0, size, offset);
      if (found !== size || sha256(bytes).digest("base64") !== digest) throw new Error("a piece of the data is damaged");
      return zlib.brotliDecompressSync(bytes);
    };
    try {
      return get();
    } catch (err) {
      this.debug(`${this.name}: making ${this.dir} again: ${err.message}`);
      try {
        this.build({ replace: true });
        this.load();
        return get();
      } catch (err) {
        throw new Error(`fastsynth: reading ${this.dir}: ${err.message}; FASTSYNTH=off does without it`);
      }
    }
  }

  // unpack writes the files below dir that Node may be looking for when it wants
  // to load name.
  unpack(dir, name) {
    for (const candidate of name === "" ? [this.index.main] : [name, `${name}.js`, `${name}.json`, `${name}/index.js`, `${name}/index.json`]) {
      const piece = this.files.get(candidate);
      if (!piece || this.unpacked.has(candidate)) continue;
      const file = path.join(dir, ...candidate.split("/"));
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, this.piece(piece));
      this.unpacked.add(candidate);
    }
  }

  // type returns a type of the manifest. All types of a namespace are in the same
  // group of pieces.
  type(fqn) {
    const pieces = this.groups.get(fqn.slice(0, fqn.lastIndexOf("."))) || [];
    for (let i = 0; i < pieces.length && !this.types.has(fqn); i++) this.readTypes(pieces[i]);
    let type = this.types.get(fqn);
    if (typeof type === "string") {
      type = JSON.parse(type);
      this.types.set(fqn, type);
    }
    return type;
  }

  // readTypes reads a piece of the manifest: a line with the name and size of
  // each type, then the types.
  readTypes(piece) {
    if (this.read.has(piece[0])) return;
    this.read.add(piece[0]);
    const content = this.piece(piece);
    let start = content.indexOf("\n") + 1;
    for (const [fqn, size] of JSON.parse(content.subarray(0, start))) {
      this.types.set(fqn, content.toString("utf8", start, start + size));
      start += size;
    }
  }

  // manifest returns an object that looks like the parsed manifest.
  manifest() {
    const manifest = {};
    for (const [key, value, piece] of this.index.manifest) {
      if (!piece) {
        manifest[key] = value;
        continue;
      }
      Object.defineProperty(manifest, key, {
        configurable: true, enumerable: true,
        get: () => {
          const value = JSON.parse(this.piece(piece));
          Object.defineProperty(manifest, key, { configurable: true, enumerable: true, writable: true, value });
          return value;
        },
      });
    }
    const names = () => {
      for (const pieces of this.groups.values()) pieces.forEach((piece) => this.readTypes(piece));
      return [...this.types.keys()];
    };
    const own = (key) => (typeof key === "string" ? this.type(key) : undefined);
    manifest.types = new Proxy({}, {
      get: (target, key) => own(key) ?? target[key],
      has: (target, key) => own(key) !== undefined || key in target,
      ownKeys: names,
      getOwnPropertyDescriptor: (_, key) => {
        const value = own(key);
        return value && { configurable: true, enumerable: true, writable: true, value };
      },
    });
    return manifest;
  }
}

// touch tells prune that a file is in use.
function touch(file) {
  try {
    const now = new Date();
    if (now - fs.statSync(file).mtimeMs > DAY) fs.utimesSync(file, now, now);
  } catch {
    // The cache may be read-only.
  }
}

// prune removes stores, and other versions of these scripts with theirs, that
// were not used for a month.
function prune() {
  const remove = (folder, file, except) => {
    for (const name of fs.readdirSync(folder)) {
      const entry = path.join(folder, name);
      const used = fs.statSync(path.join(entry, file), { throwIfNoEntry: false }) ?? fs.statSync(entry);
      if (name !== except && Date.now() - used.mtimeMs > 30 * DAY) fs.rmSync(entry, { recursive: true, force: true });
    }
  };
  try {
    remove(STORES, "index");
    remove(path.dirname(__dirname), "preload.js", path.basename(__dirname));
  } catch {
    // Another process may be doing the same.
  }
}

module.exports = { FORMAT, openStore, sha256, touch };
