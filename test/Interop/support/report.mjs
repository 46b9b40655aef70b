// A line per check, the first that breaks ends the run; and the table in docs/interop.md.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { root } from './world.mjs';

const rows = [];

export function version(name) {
    return JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url))).version;
}

/** The version of a NuGet package that Directory.Packages.props names. */
export function packageVersion(name) {
    return readFileSync(join(root, 'Directory.Packages.props'), 'utf8').match(new RegExp(`"${name}" Version="([^"]+)"`))[1];
}

/** The version of a Debian package that is installed. */
export function debianVersion(name) {
    return execFileSync('dpkg-query', ['--show', '--showformat', '${Version}', name], { encoding: 'utf8' });
}

/** Runs one client: `run(check)`, where check(what, act) fails when act throws. */
export async function client(name, version, did, run) {
    const start = Date.now();
    let passed = 0;
    await Promise.race([patience(), run(async (what, act) => {
        try {
            const result = await act();
            passed++;
            console.log(`ok    ${name} ${version}: ${what}`);
            return result;
        } catch (error) {
            console.log(`FAIL  ${name} ${version}: ${what}`);
            throw error;
        }
    })]);
    if (passed === 0) throw new Error(`${name} checked nothing`);
    rows.push({ name, version, did, passed });
    console.log(`      ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

// A client that waits for ever shall not have the run wait with it.
async function patience() {
    await wait(180_000, undefined, { ref: false });
    throw new Error('not done after three minutes');
}

export function writeTable() {
    const lines = rows.map(row => `| ${row.name} | ${row.version} | ${row.did} | ${row.passed} of ${row.passed} |`);
    writeFileSync(join(root, 'docs/interop.md'), `# Clients that other people wrote

Written by \`make interop\`, which drives each of these against \`make run\` and \`make sample\`, and is part of \`.ci/run\`. Where a
person signs in or allows something, headless Chromium shows the pages, fills in their fields and presses their buttons. The
first check that breaks ends the run, and this page stays as it was. The last one is a server, which this one's \`doctor\` examines.

| client | version | what it did | checks passed |
|---|---|---|---|
${lines.join('\n')}
`);
    return rows.reduce((sum, row) => sum + row.passed, 0);
}
