// The programs of the console's task, behind a Unix socket: POST /psql takes SQL and
// answers as psql prints, from a real PostgreSQL (PGlite, which is PostgreSQL compiled to
// WebAssembly). POST /redis-cli stands in for Redis: it answers with samples, and refuses
// commands that it has none for.
import { createServer } from "node:http";
import { PGlite } from "@electric-sql/pglite";

const db = await PGlite.create();
await db.exec("CREATE TABLE portfolio (id serial PRIMARY KEY, data text); INSERT INTO portfolio (data) SELECT 'x' FROM generate_series(1, 100)");

const samples = {
  "SLOWLOG GET 5": `1) 1) (integer) 14\n   2) (integer) 1795312800\n   3) (integer) 48211\n   4) 1) "KEYS"\n      2) "session:*"`,
  "INFO commandstats": "# Commandstats\ncmdstat_get:calls=90211,usec=184210,usec_per_call=2.04\ncmdstat_keys:calls=12,usec=577102,usec_per_call=48091.83",
  "INFO memory": "# Memory\nused_memory_human:187.42M\nmaxmemory_human:396.00M\nmaxmemory_policy:volatile-lru\nmem_fragmentation_ratio:1.08",
  "INFO clients": "# Clients\nconnected_clients:14\nblocked_clients:0",
  "INFO keyspace": "# Keyspace\ndb0:keys=5210,expires=5102,avg_ttl=812000",
};

function psql(result) {
  const names = result.fields.map((field) => field.name);
  if (names.length === 0) return result.command ?? "";
  const rows = result.rows.map((row) => names.map((name) => (row[name] === null ? "" : String(row[name]))));
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)));
  const line = (row) => " " + row.map((cell, i) => cell.padEnd(widths[i])).join(" | ");
  const count = rows.length === 1 ? "(1 row)" : `(${rows.length} rows)`;
  return [line(names), widths.map((width) => "-".repeat(width + 2)).join("+"), ...rows.map(line), count].join("\n");
}

function redis(command) {
  if (!(command in samples)) throw new Error(`ERR unknown command '${command}'`);
  return samples[command];
}

async function answer(program, input) {
  if (program === "/psql") return (await db.exec(input)).map(psql).join("\n");
  if (program === "/redis-cli") return input.trim().split("\n").map(redis).join("\n");
  throw new Error(`${program}: not found`);
}

createServer(async (request, response) => {
  let input = "";
  for await (const chunk of request) input += chunk;
  try {
    response.end((await answer(request.url, input)) + "\n");
  } catch (error) {
    response.statusCode = 400;
    response.end(`${error.message}\n`);
  }
}).listen(process.argv[2], () => console.log("ready"));
process.stdin.on("end", () => process.exit(0)).resume(); // the tests are gone
