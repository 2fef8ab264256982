// Makes the store of one package archive: node build.js <empty folder>, with the
// archive as standard input. store.js says what is in it.
//
// A package that fastsynth must not handle gets a store that says why.
"use strict";

const fs = require("fs");
const path = require("path");
const zlib = require("zlib");
const { FORMAT, sha256 } = require("./store.js");

// Pieces of the manifest and modules are about this large before compression.
const PIECE = 256 * 1024;
// A smaller manifest is parsed in no time.
const SMALLEST_MANIFEST = 4e6;

// Refusal is the error of a package that does not qualify.
class Refusal extends Error {}

// Entries calls found(name, size) for each file of a tar archive that is written
// to it; found returns {write(bytes), end()} or nothing.
class Entries {
  constructor(found) {
    Object.assign(this, { found, block: Buffer.alloc(512), filled: 0, left: 0, padding: 0, file: null, pax: null });
  }

  write(chunk) {
    for (let i = 0; i < chunk.length; ) {
      if (this.left > 0) {
        const take = Math.min(this.left, chunk.length - i);
        this.file?.write(chunk.subarray(i, i + take));
        this.left -= take;
        i += take;
        if (this.left === 0) this.end();
      } else if (this.padding > 0) {
        const take = Math.min(this.padding, chunk.length - i);
        this.padding -= take;
        i += take;
      } else {
        const take = Math.min(512 - this.filled, chunk.length - i);
        chunk.copy(this.block, this.filled, i, i + take);
        this.filled += take;
        i += take;
        if (this.filled === 512) {
          this.filled = 0;
          this.header();
        }
      }
    }
  }

  end() {
    this.file?.end();
    this.file = null;
  }

  header() {
    const { block } = this;
    if (block.every((byte) => byte === 0)) return;
    const text = (from, to) => block.toString("utf8", from, to).replace(/\0.*$/s, "");
    const octal = (from, to) => {
      const value = text(from, to).trim();
      if (!/^[0-7]+$/.test(value)) throw new Refusal("the archive has a header that is not plain tar");
      return parseInt(value, 8);
    };
    let sum = 8 * 32;
    block.forEach((byte, i) => (sum += i >= 148 && i < 156 ? 0 : byte));
    if (sum !== octal(148, 156)) throw new Error("the archive is damaged");
    let size = octal(124, 136);
    const type = text(156, 157) || "0";
    let name = text(0, 100);
    if (text(257, 262) === "ustar" && text(345, 500)) name = `${text(345, 500)}/${name}`;

    if (type === "x") {
      this.pax = {};
      const parts = [];
      this.file = { write: (bytes) => parts.push(Buffer.from(bytes)), end: () => (this.pax = paxRecords(Buffer.concat(parts))) };
    } else if (type === "0") {
      if (this.pax?.path) name = this.pax.path;
      if (this.pax?.size) size = Number(this.pax.size);
      this.pax = null;
      // npm and jsii ignore the name of the first folder.
      name = name.split("/").slice(1).join("/");
      if (!name || name.split("/").some((part) => part === ".." || part === "." || part === "")) throw new Refusal(`the archive holds ${name}`);
      this.file = this.found(name, size);
    } else if (type === "5") {
      this.pax = null;
    } else if (type !== "g") {
      throw new Refusal(`the archive holds an entry of type ${type}`);
    }
    this.left = size;
    this.padding = (512 - (size % 512)) % 512;
    if (size === 0) this.end();
  }
}

function paxRecords(bytes) {
  const records = {};
  for (let i = 0; i < bytes.length; ) {
    const size = parseInt(bytes.toString("latin1", i, bytes.indexOf(" ", i)), 10);
    if (!(size > 0)) throw new Refusal("the archive has a header that is not plain tar");
    const [key, ...value] = bytes.toString("utf8", bytes.indexOf(" ", i) + 1, i + size - 1).split("=");
    records[key] = value.join("=");
    i += size;
  }
  return records;
}

// The bytes that mean something to Members.
const IN_STRING = new Uint8Array(256);
for (const c of '"\\') IN_STRING[c.charCodeAt()] = 1;
const OUTSIDE = new Uint8Array(256);
for (const c of '"{}[]:,') OUTSIDE[c.charCodeAt()] = 1;

// Members cuts a JSON object that is written to it into its members, without
// parsing their values: it calls found(key, bytes) for each member, and for each
// member of the member "types" instead, found(key, bytes, true).
class Members {
  constructor(found) {
    Object.assign(this, { found, depth: 0, inString: false, escaped: false, inTypes: false, sawTypes: false, pending: [], key: null });
  }

  // A token is a key or a value; its bytes may come in several writes.
  write(chunk) {
    let { depth, inString, escaped } = this;
    let start = 0; // of the current token in this chunk
    let level = this.inTypes ? 2 : 1;
    const end = chunk.length;
    for (let i = 0; i < end; i++) {
      // Almost all of the time is spent in the next lines.
      if (inString) {
        if (escaped) {
          escaped = false;
          continue;
        }
        while (i < end && !IN_STRING[chunk[i]]) i++;
        if (i === end) break;
        if (chunk[i] === 0x5c) escaped = true;
        else inString = false;
        continue;
      }
      while (i < end && !OUTSIDE[chunk[i]]) i++;
      if (i === end) break;
      const c = chunk[i];
      if (c === 0x22) inString = true;
      else if (c === 0x7b || c === 0x5b) {
        depth++;
        if (depth === 1) start = i + 1;
        else if (depth === 2 && this.key === "types" && c === 0x7b && !this.inTypes) {
          if (this.sawTypes) throw new Refusal("the manifest has two lists of types");
          this.inTypes = this.sawTypes = true;
          this.key = null;
          this.pending = [];
          level = 2;
          start = i + 1;
        }
      } else if (c === 0x7d || c === 0x5d) {
        if (depth === level) {
          this.member(chunk.subarray(start, i));
          start = i + 1;
          if (level === 2) {
            this.inTypes = false;
            level = 1;
            this.key = null;
            this.skip = true; // to the comma after the types
          }
        }
        depth--;
      } else if (depth === level) {
        if (c === 0x3a && this.key === null) {
          this.key = JSON.parse(this.token(chunk.subarray(start, i)));
          start = i + 1;
        } else if (c === 0x2c) {
          if (this.skip) {
            this.skip = false;
            this.pending = [];
          } else this.member(chunk.subarray(start, i));
          start = i + 1;
        }
      }
    }
    if (start < chunk.length) this.pending.push(Buffer.from(chunk.subarray(start)));
    Object.assign(this, { depth, inString, escaped });
  }

  token(rest) {
    const bytes = this.pending.length ? Buffer.concat([...this.pending, rest]) : rest;
    this.pending = [];
    return bytes;
  }

  member(rest) {
    const value = this.token(rest);
    if (this.key !== null) this.found(this.key, value, this.inTypes);
    this.key = null;
    this.skip = false;
  }

  end() {
    if (this.depth !== 0 || this.inString) throw new Refusal("the manifest is not one JSON object");
  }
}

// Writer appends compressed pieces to the data file. Brotli's lowest quality is
// several times faster than deflate's, and smaller.
class Writer {
  constructor(file) {
    this.fd = fs.openSync(file, "wx", 0o600);
    this.size = 0;
  }

  // add returns where the piece is: [offset, size, digest].
  add(bytes) {
    const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
    const out = zlib.brotliCompressSync(bytes, { params: { [BROTLI_PARAM_QUALITY]: 0, [BROTLI_PARAM_SIZE_HINT]: bytes.length } });
    for (let written = 0; written < out.length; ) written += fs.writeSync(this.fd, out, written);
    const place = [this.size, out.length, sha256(out).digest("base64")];
    this.size += out.length;
    return place;
  }
}

// Manifest collects the pieces of a package's manifest.
class Manifest {
  constructor(writer) {
    Object.assign(this, { writer, members: [], groups: new Map(), count: 0, names: new Set(), group: null, types: [], bytes: 0 });
    this.parser = new Members((key, value, isType) => (isType ? this.type(key, value) : this.member(key, value)));
  }

  member(key, bytes) {
    if (bytes.length < 16 * 1024) this.members.push([key, JSON.parse(bytes)]);
    else this.members.push([key, null, this.writer.add(Buffer.from(bytes))]);
  }

  type(fqn, bytes) {
    if (this.names.has(fqn)) throw new Refusal(`the manifest has two types ${fqn}`);
    this.names.add(fqn);
    const group = fqn.slice(0, fqn.lastIndexOf("."));
    if (group !== this.group || this.bytes > PIECE) this.flush();
    this.group = group;
    this.types.push([fqn, Buffer.from(bytes)]);
    this.bytes += bytes.length;
    this.count++;
  }

  flush() {
    if (this.types.length) {
      const head = JSON.stringify(this.types.map(([fqn, bytes]) => [fqn, bytes.length]));
      const place = this.writer.add(Buffer.concat([Buffer.from(`${head}\n`), ...this.types.map(([, bytes]) => bytes)]));
      if (!this.groups.has(this.group)) this.groups.set(this.group, []);
      this.groups.get(this.group).push(place);
    }
    this.types = [];
    this.bytes = 0;
  }

  write(bytes) {
    this.size = (this.size || 0) + bytes.length;
    this.parser.write(bytes);
  }

  end() {
    this.parser.end();
    this.flush();
  }
}

// checkModule makes sure that a module can only see what Node loads for it: then
// nobody can tell that the rest of the package is not on the disk.
function checkModule(name, source, packages) {
  for (const word of ["__dirname", "__filename", "import(", "import.meta", "module."]) {
    if (source.includes(word, 0, "latin1")) throw new Refusal(`${name} uses ${word}`);
  }
  for (let i = -1; (i = source.indexOf("require", i + 1)) >= 0; ) {
    const rest = source.toString("latin1", i + 7, i + 200);
    if (/^\w/.test(rest)) continue; // another word
    const call = rest.match(/^\((["'])([^"'\\\n]+)\1\)/);
    if (!call) throw new Refusal(`${name} has require${rest.slice(0, 20)}`);
    if (!/^\.\.?(\/|$)/.test(call[2])) packages.add(call[2]);
  }
}

// lazyIndex returns the source of a package's index.js with each module loaded
// on first use. Names, their order and what they are stay the same.
function lazyIndex(index, lazy) {
  const promised = new Map();
  for (const line of lazy.split("\n")) {
    const found = line.match(/^Object\.defineProperty\(exports, '(\w+)', \{ get: function \(\) \{ return require\('([^']+)'\); \} \}\);$/);
    if (found) promised.set(found[1], found[2]);
    else if (!isPreamble(line)) throw new Refusal(`lazy-index.js has the line ${line}`);
  }
  const seen = new Set();
  const lines = index.split("\n").map((line) => {
    const found = line.match(/^exports\.(\w+) = require\("([^"]+)"\);$/);
    if (!found) {
      if (!isPreamble(line)) throw new Refusal(`index.js has the line ${line}`);
      return line;
    }
    const [, name, request] = found;
    if (promised.get(name) !== request || seen.has(name)) throw new Refusal(`lazy-index.js and index.js differ in ${name}`);
    seen.add(name);
    return `lazily("${name}", () => require("${request}"));`;
  });
  if (seen.size !== promised.size) throw new Refusal("lazy-index.js and index.js differ");
  const lazily = `function lazily(name, load) {
  const define = (accessors) => Object.defineProperty(exports, name, { configurable: true, enumerable: true, ...accessors });
  const set = (value) => define({ writable: true, value });
  define({ get() { const value = load(); set(value); return value; }, set });
}
`;
  return `${lines.join("\n")}\n${lazily}`;
}

// isPreamble tells whether a line of an index.js loads nothing.
function isPreamble(line) {
  return (
    /^("use strict";|Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);|\/\/.*|\/\*\*?| \*.*|\s*)$/.test(line) ||
    /^(exports\.\w+ = )+void 0;$/.test(line)
  );
}

async function build(folder, tarball) {
  const writer = new Writer(path.join(folder, "data"));
  const files = new Map();
  const sources = new Map(); // of the few files that are looked at after the last
  const packages = new Set();
  const manifest = new Manifest(writer);

  const entries = new Entries((name, size) => {
    if (files.has(name)) throw new Refusal(`the archive holds ${name} twice`);
    files.set(name, null);
    if (name === ".jsii") return manifest;
    const base = path.posix.basename(name);
    if (base === "package.json" && name !== base) throw new Refusal(`the package contains ${name}`);
    if (/\.(node|mjs|cjs|wasm)$/.test(name)) throw new Refusal(`the package contains ${name}`);
    if (!/\.(js|json)$/.test(name)) return null;
    const content = Buffer.alloc(size);
    let filled = 0;
    return {
      write: (bytes) => (filled += bytes.copy(content, filled)),
      end() {
        if (name.endsWith(".js")) checkModule(name, content, packages);
        if (name === "package.json" || /(^|\/)(lazy-)?index\.js$/.test(name) && name.split("/").length <= 2) sources.set(name, content.toString());
        files.set(name, writer.add(content));
      },
    };
  });

  const size = fs.fstatSync(tarball).size;
  let unpacked = 0;
  const archive = fs.createReadStream(null, { fd: tarball, autoClose: false, start: 0, highWaterMark: 1 << 18 });
  // With room for some chunks, the unpacking runs beside the rest.
  const tar = zlib.createGunzip({ chunkSize: 1 << 18, readableHighWaterMark: 1 << 23 });
  archive.on("error", (err) => tar.destroy(err));
  for await (const chunk of archive.pipe(tar)) {
    unpacked += chunk.length;
    entries.write(chunk);
  }
  if (entries.left || entries.filled) throw new Error("the archive is cut off");
  const trailer = Buffer.alloc(4);
  fs.readSync(tarball, trailer, 0, 4, size - 4);
  if (trailer.readUInt32LE() !== unpacked % 2 ** 32) throw new Refusal("the archive is not one gzip member");

  const info = JSON.parse(sources.get("package.json") ?? "{}");
  const main = path.posix.normalize(info.main ?? "index.js");
  const index = sources.get(main);
  const lazy = sources.get(path.posix.join(path.posix.dirname(main), "lazy-index.js"));
  if (!index || !lazy || path.posix.basename(main) !== "index.js") throw new Refusal("the package has no lazy-index.js beside its index.js");
  if (info.exports || info.imports || info.type) throw new Refusal("package.json redefines how modules are found");
  for (const name of packages) {
    if (!info.dependencies?.[name] && !info.peerDependencies?.[name]) throw new Refusal(`a module needs ${name}`);
  }
  if (!(manifest.size >= SMALLEST_MANIFEST)) throw new Refusal("the manifest is small");
  const members = new Map(manifest.members);
  if (members.get("name") !== info.name || members.get("version") !== info.version) throw new Refusal("the manifest is not this package's");
  const [major, minor] = String(members.get("jsiiVersion")).split(".").map(Number);
  // Older kernels go through all types once.
  if (!(major > 1 || (major === 1 && minor >= 19))) throw new Refusal(`the package was made by jsii ${members.get("jsiiVersion")}`);

  files.set(main, writer.add(Buffer.from(lazyIndex(index, lazy))));
  fs.closeSync(writer.fd);
  return {
    format: FORMAT,
    size: writer.size,
    main,
    files: [...files].filter(([, piece]) => piece),
    typeCount: manifest.count,
    groups: [...manifest.groups],
    manifest: manifest.members,
  };
}

// makeStore makes the store of an open archive in an empty folder.
async function makeStore(folder, tarball) {
  let index;
  try {
    index = await build(folder, tarball);
  } catch (err) {
    if (!(err instanceof Refusal)) throw err;
    index = { format: FORMAT, refused: err.message };
    fs.rmSync(path.join(folder, "data"), { force: true });
  }
  const json = JSON.stringify(index);
  fs.writeFileSync(path.join(folder, "index"), `${sha256(json).digest("hex")}\n${json}`, { flag: "wx", mode: 0o600 });
}

if (require.main === module) {
  makeStore(process.argv[2], 0).then(
    () => process.exit(0),
    (err) => {
      process.stderr.write(`${err.message}\n`, () => process.exit(1));
    },
  );
}

module.exports = { makeStore };
