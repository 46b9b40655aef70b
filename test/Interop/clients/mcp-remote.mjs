// mcp-remote, the bridge that desktop programs without OAuth of their own start: a process of its own, with its own memory on disk.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { answers, freePort, local } from '../support/world.mjs';

export const name = 'mcp-remote';
export const did = 'discovery, registration for a `localhost` redirect, code, list of tools; the next start needs nobody';

const program = new URL('../node_modules/mcp-remote/dist/client.js', import.meta.url).pathname;

export async function run(check, { resource, browser }) {
    const home = local('mcp-remote');
    mkdirSync(home);
    const port = await freePort();

    const first = await start(resource, port, home, browser);
    await check('registers, and a person allows it', () => {
        assert.equal(first.visits.length, 1, first.log);
        const asked = new URL(first.visits[0].url);
        assert.equal(asked.searchParams.get('redirect_uri'), `http://localhost:${port}/oauth/callback`);
        assert.equal(asked.searchParams.get('resource'), resource);
        assert.match(first.visits[0].saw.join('\n'), /wants access/);
    });
    await check('lists the tools', () => assert.match(first.log, /list_notes[\s\S]*add_note/));
    const second = await start(resource, port, home, browser);
    await check('the next start lists them again and asks nobody', () => {
        assert.equal(second.visits.length, 0);
        assert.match(second.log, /list_notes[\s\S]*add_note/);
    });
}

// It tells the address before it listens for the answer; Alice, who is signed in, would be there first.
async function listening(port) {
    for (let tries = 0; tries < 200 && !await answers('127.0.0.1', port); tries++) await wait(100);
}

/** One run of the program to its end. */
async function start(resource, port, home, browser) {
    const child = spawn(process.execPath, [program, resource, String(port), '--allow-http'], {
        // It opens the browser of the desktop: here there is none, and Alice reads the address from its log.
        env: { ...process.env, BROWSER: '/bin/true', HOME: home, MCP_REMOTE_CONFIG_DIR: join(home, 'memory') },
        stdio: ['pipe', 'pipe', 'pipe'], // it ends when its input does
    });
    const patience = setTimeout(() => child.kill(), 60_000);
    const [lines, visits] = [[], []];
    const read = async stream => {
        for await (const line of createInterface({ input: stream })) {
            lines.push(line);
            const url = /^\s*(http:\/\/localhost:\d+\/authorize\?\S+)/.exec(line)?.[1];
            if (url) visits.push(listening(port).then(() => browser.authorize(url)).then(seen => ({ url, ...seen }), error => { child.kill(); return { url, error }; }));
        }
    };
    await Promise.all([read(child.stdout), read(child.stderr)]);
    clearTimeout(patience);
    const seen = await Promise.all(visits);
    for (const { error } of seen) if (error) throw new Error(`${lines.join('\n')}\n${error.message}`);
    return { log: lines.join('\n'), visits: seen };
}
