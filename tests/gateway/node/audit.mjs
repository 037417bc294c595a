// Runs the public GraphQL over HTTP audits against the address given, and prints their results as JSON.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const shown = results.map(({ id, name, status, reason }) => ({ id, name, status, reason: String(reason ?? "") }));
console.log(JSON.stringify(shown));
