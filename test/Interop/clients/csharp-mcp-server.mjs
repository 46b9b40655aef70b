// An MCP server of the C# SDK with JwtBearer: McpServer/Program.cs, which docs/guide-mcp-server.md shows; the client is the TypeScript SDK.
import assert from 'node:assert/strict';
import { mcpClient } from '../support/mcp.mjs';
import { packageVersion } from '../support/report.mjs';
import { application } from '../support/world.mjs';
import { sdk } from './mcp-client.mjs';

export const name = 'ModelContextProtocol.AspNetCore';
export const version = packageVersion(name);
export const did = 'an MCP server with JwtBearer: 401 with `resource_metadata`, its document; a client registers, a person allows it, the tool is called';

export async function run(check, { tasks, browser }) {
    const { resource, issuer } = tasks;
    const end = await application('McpServer', new URL(resource).origin, { ISSUER: issuer, RESOURCE: resource });
    const list = token => fetch(resource, {
        method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...(token && { Authorization: `Bearer ${token}` }) },
    });
    try {
        await check('the challenge names the document, the document names the server', async () => {
            const reply = await list();
            assert.equal(reply.status, 401);
            const [, url] = reply.headers.get('www-authenticate').match(/resource_metadata="([^"]+)"/);
            const document = await (await fetch(url)).json();
            assert.equal(document.resource, resource);
            assert.deepEqual(document.authorization_servers, [issuer]);
        });
        await check('a machine\'s token opens; one for another API and garbage are 401', async () => {
            assert.equal((await list(await tasks.token())).status, 200);
            assert.equal((await list(await tasks.token({ scope: 'read_sensors', resource: 'https://sensors.example.test/' }))).status, 401);
            assert.equal((await list('garbage')).status, 401);
        });
        const { memory, callback, transport, connect, call, allow } = await mcpClient({ resource, browser }, sdk, 'SDK two');
        const first = transport();
        await check('an MCP client finds the server, registers and is allowed', async () => {
            await assert.rejects(connect(first), sdk.UnauthorizedError);
            assert.match(await allow(first), /SDK two wants access to your account/);
            assert.ok(memory.saved.access_token);
        });
        await check('it calls the tool, for the person', async () => {
            const client = await connect(transport());
            assert.match(await call(client, 'list_tasks'), /tasks of [0-9a-f-]{36}/);
            await client.close();
        });
        callback.close();
    } finally {
        await end();
    }
}
