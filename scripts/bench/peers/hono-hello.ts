/** The peer that isolates nothing: a text answer from Bun and Hono, compiled like emend. */
import { Hono } from "hono";

const app = new Hono();
app.get("/", (context) => context.text("hello from c\n"));
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: app.fetch });
console.log(`http://127.0.0.1:${server.port}`);
