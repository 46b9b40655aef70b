// The server under test and the sample beside it: `make run` and `make sample` on free ports, each with a world of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const root = new URL('../../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'oauth-interop-'));
const running = [];

/** `make TARGET` until `url` answers. Its output goes to a file, which is shown if it ends by itself. */
export async function make(target, url, settings) {
    const log = join(folder, `${running.length}-${target}.log`);
    const out = openSync(log, 'a');
    // --pdeathsig: it does not outlive this process.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'make', target], { cwd: root, env: { ...process.env, MAKEFLAGS: '', ...settings }, stdio: ['ignore', out, out] });
    running.push(child);
    for (let tries = 0; tries < 2400; tries++) {
        if (child.exitCode !== null) throw new Error(`make ${target} ended by itself:\n${readFileSync(log, 'utf8')}`);
        const answer = await fetch(url).catch(() => null);
        if (answer && answer.status < 500) return;
        await wait(250);
    }
    throw new Error(`make ${target} was not ready after ten minutes:\n${readFileSync(log, 'utf8')}`);
}

export const local = name => join(folder, name);

/** Ends what was started here, the last first, and nothing else. */
export async function end() {
    for (const child of running.reverse().filter(child => child.exitCode === null && child.signalCode === null)) {
        const ended = new Promise(resolve => child.on('exit', resolve));
        child.kill('SIGTERM');
        await ended;
    }
    rmSync(folder, { recursive: true, force: true });
}

/** Below the range that outgoing connections take theirs from. */
export async function freePort() {
    for (;;) {
        const port = 21000 + Math.floor(Math.random() * 9000);
        if (!await answers('127.0.0.1', port) && !await answers('::1', port)) return port;
    }
}

/** Whether somebody listens there. */
export function answers(host, port) {
    return new Promise(resolve => {
        const socket = net.connect(port, host, () => { socket.destroy(); resolve(true); });
        socket.on('error', () => resolve(false));
    });
}
