// The MCP C# SDK from NuGet, in a console application of its own: McpClient/Program.cs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { packageVersion } from '../support/report.mjs';
import { freePort, root } from '../support/world.mjs';

export const name = 'ModelContextProtocol (NuGet)';
export const version = packageVersion('ModelContextProtocol');
export const did = 'discovery, registration (with `client_secret_post`), code, tool calls, step-up';

const steps = ['registered, allowed and connected', 'lists the tools', 'calls a tool', 'steps up for a tool that needs more'];

export async function run(check, { resource, browser }) {
    const child = spawn('dotnet', ['run', '--project', 'test/Interop/McpClient', '--configuration', 'Release', '--', resource, await freePort()],
        { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise(resolve => child.on('exit', resolve));
    const visits = [];
    const said = [];
    for await (const line of createInterface({ input: child.stdout })) {
        said.push(line);
        // When Alice cannot go on, the client would wait for ever.
        if (line.startsWith('open ')) visits.push(browser.authorize(line.slice(5)).catch(error => { child.kill(); throw error; }));
    }
    const code = await ended;
    const seen = await Promise.all(visits);
    for (const step of steps) await check(step, () => assert.ok(said.some(line => line.startsWith(`ok ${step}`)), said.join('\n')));
    await check('a person was asked twice, the second time for more', () => {
        assert.equal(code, 0);
        assert.equal(seen.length, 2);
        assert.match(seen[0].saw.join('\n'), /C# SDK wants access/);
        assert.match(seen[1].saw.join('\n'), /New since last time/);
    });
}
