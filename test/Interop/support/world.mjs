// The server under test and the sample beside it: `make run` and `make sample` on free ports, each with a world of its own.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
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
    await start(`make ${target}`, ['make', target], log, url, { MAKEFLAGS: '', ...settings });
}

/** The application of a folder of test/Interop, built and run until it answers at `url`; returns what ends it. */
export async function application(project, url, settings) {
    const log = join(folder, `${running.length}-${project}.log`);
    const home = `test/Interop/${project}`;
    const program = existsSync(join(root, home, 'main.go'))
        ? [goProgram(home), '--urls', url]
        : ['dotnet', 'run', '--project', home, '--configuration', 'Release', '--no-launch-profile', '--', '--urls', url];
    const child = await start(project, program, log, url, settings);
    return () => finish(child);
}

/** A script of this folder, run by this Node until it answers at `url`; returns what ends it. */
export async function script(file, url, ...words) {
    const child = await start(file, [process.execPath, join(root, 'test/Interop', file), ...words], join(folder, `${running.length}-${file}.log`), url, {});
    return () => finish(child);
}

// Built, since `go run` does not end what it runs. Debian's packages of Go are sources below /usr/share/gocode, found without modules.
function goProgram(home) {
    const program = join(folder, 'go-program');
    const env = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(folder, 'go-cache') };
    execFileSync('go', ['build', '-o', program, `${home}/main.go`], { cwd: root, env, stdio: 'inherit' });
    return program;
}

async function start(name, program, log, url, settings) {
    const out = openSync(log, 'a');
    // --pdeathsig: it does not outlive this process.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...program], { cwd: root, env: { ...process.env, ...settings }, stdio: ['ignore', out, out] });
    running.push(child);
    for (let tries = 0; tries < 2400; tries++) {
        if (child.exitCode !== null) throw new Error(`${name} ended by itself:\n${readFileSync(log, 'utf8')}`);
        const answer = await fetch(url).catch(() => null);
        if (answer && answer.status < 500) return child;
        await wait(250);
    }
    throw new Error(`${name} was not ready after ten minutes:\n${readFileSync(log, 'utf8')}`);
}

/** Runs SQL in the database of `make run` with that LOCAL, as an operator types it. */
export function sql(at, text) {
    execFileSync('sql/cluster.sh', ['psql', at, '--quiet', '--set', 'ON_ERROR_STOP=1'], { cwd: root, input: text, stdio: ['pipe', 'ignore', 'inherit'] });
}

/** The operator's tool, as README.md calls it; its answer as JSON. */
export function operator(at, issuer, ...words) {
    return JSON.parse(tool(at, issuer, { stdio: ['ignore', 'pipe', 'inherit'] }, words));
}

/** The same with a secret on its standard input. */
export function secret(at, issuer, text, ...words) {
    return JSON.parse(tool(at, issuer, { input: text + '\n', stdio: ['pipe', 'pipe', 'inherit'] }, words));
}

function tool(at, issuer, streams, words) {
    const env = { ...process.env, ASPNETCORE_ENVIRONMENT: 'Development', OAuth__Issuer: issuer, OAuth__LocalFolder: at };
    const program = ['with', at, 'ConnectionStrings__OAuth', 'dotnet', 'src/OAuthServer/bin/Release/net10.0/oauth-server.dll', ...words, '--json'];
    return execFileSync('sql/cluster.sh', program, { cwd: root, env, encoding: 'utf8', ...streams });
}

export const local = name => join(folder, name);

/** Ends what was started here, the last first, and nothing else. */
export async function end() {
    for (const child of running.reverse()) await finish(child);
    rmSync(folder, { recursive: true, force: true });
}

async function finish(child) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise(resolve => child.on('exit', resolve));
    child.kill('SIGTERM');
    await ended;
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
