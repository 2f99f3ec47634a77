// schema — proto/*.proto as a table: messages with their fields, enums with their names. Read from the schema files themselves.
import { readFileSync } from 'node:fs';

const FILES = ['trust', 'notice', 'receipt', 'wire', 'envelope'];
const SCALARS = ['uint32', 'uint64', 'int64', 'bool', 'bytes', 'string'];
export const messages = {}, enums = {};

const tokens = FILES.flatMap((name) => readFileSync(new URL(`../../proto/${name}.proto`, import.meta.url), 'utf8')
  .replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, ' ').match(/"[^"]*"|[A-Za-z_][\w.]*|-?\d+|[{}=;,]/g));
let at = 0;
const next = () => tokens[at++];
const expect = (token) => { if (next() !== token) throw new Error(`schema: ${tokens.slice(at - 5, at + 3).join(' ')}`); };
const skipStatement = () => { while (next() !== ';'); };

const readReserved = (into) => {
  for (let token = next(); token !== ';'; token = next()) if (token !== ',') into.push(Number(token));
};
const readEnum = () => {
  const made = { names: {}, reserved: [] };
  enums[next()] = made;
  expect('{');
  for (let token = next(); token !== '}'; token = next()) {
    if (token === 'reserved') { readReserved(made.reserved); continue; }
    expect('=');
    made.names[Number(next())] = token;
    expect(';');
  }
};
const readField = (first, oneof) => {
  const repeated = first === 'repeated', type = repeated ? next() : first, name = next();
  expect('=');
  const field = { number: Number(next()), name, type, repeated, oneof };
  expect(';');
  return field;
};
const readMessage = () => {
  const fields = [];
  messages[next()] = fields;
  expect('{');
  for (let token = next(); token !== '}'; token = next()) {
    if (token === 'reserved') skipStatement();
    else if (token === 'oneof') {
      const oneof = next();
      expect('{');
      for (let inner = next(); inner !== '}'; inner = next()) fields.push(readField(inner, oneof));
    } else fields.push(readField(token, null));
  }
};
while (at < tokens.length) {
  const token = next();
  if (token === 'enum') readEnum();
  else if (token === 'message') readMessage();
  else skipStatement();
}

// What a field is: 'number', 'bool', 'bytes', 'string', 'enum' or 'message'.
export const kindOf = (type) => type in messages ? 'message' : type in enums ? 'enum'
  : SCALARS.includes(type) ? (type === 'bytes' || type === 'string' || type === 'bool' ? type : 'number') : null;
for (const [message, fields] of Object.entries(messages)) {
  fields.sort((left, right) => left.number - right.number);
  for (const { type, name } of fields) if (!kindOf(type)) throw new Error(`schema: ${message}.${name} has the type ${type}`);
}
