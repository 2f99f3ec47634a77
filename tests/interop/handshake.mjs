// handshake — Noise_XKhfs_25519+MLKEM768_ChaChaPoly_SHA512 and the first frames, from scratch with noble, against the C peer,
// the frozen octets and, where it is there, the public vector.
//   handshake.mjs check PEER FROZEN   every check, one line each
//   handshake.mjs freeze              the frozen file, computed by Node alone
import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { callPeer, check, end, skip } from './tap.mjs';
import { H, PAE, ClientHello, encode, equal, hex, join, number, text, u16be, u24be, u8, unhex, zeros } from './wire.mjs';

const NAME = 'Noise_XKhfs_25519+MLKEM768_ChaChaPoly_SHA512';
const INPUTS = ['prologue', 'init_static_sk', 'resp_static_sk', 'init_e_sk', 'init_kem_seed', 'resp_e_sk',
  'resp_kem_coins', 'client_hello'];
const VERSION = 1, SUITE = 1, REKEY = 91, HOUR_MS = 3600000;

// --- Noise rev 34, section 5.2 and 12 ------------------------------------------------------------------------------
const nonce = (n) => join(zeros(4), unhex(BigInt(n).toString(16).padStart(16, '0')).reverse());
const seal = (key, n, aad, plain) => chacha20poly1305(key, nonce(n), aad).encrypt(plain);
const hkdf2 = (ck, ikm) => {
  const temp = hmac(sha512, ck, ikm);
  const first = hmac(sha512, temp, Uint8Array.of(1));
  return [first, hmac(sha512, temp, join(first, [2]))];
};
const rekeyed = (key) => seal(key, 2n ** 64n - 1n, zeros(0), zeros(32)).slice(0, 32);

class State {
  constructor(name, prologue) {
    this.h = join(text(name), zeros(64 - text(name).length));
    this.ck = this.h;
    this.k = zeros(32);
    this.trace = [];
    this.mixHash(prologue);
  }
  mixHash(data) { this.h = sha512(join(this.h, data)); }
  mixKey(ikm) {
    const [ck, key] = hkdf2(this.ck, ikm);
    Object.assign(this, { ck, k: key.slice(0, 32), n: 0 });
  }
  encryptAndHash(plain) {
    const ct = seal(this.k, this.n++, this.h, plain);
    this.mixHash(ct);
    return ct;
  }
  note(after) { this.trace.push({ after, h: hex(this.h), ck: hex(this.ck), k: hex(this.k) }); }
}

// Both ends know all secrets here: each DH is made from both sides, which must agree.
const dh = (oneSk, otherSk) => {
  const shared = x25519.getSharedSecret(oneSk, x25519.getPublicKey(otherSk));
  if (!equal(shared, x25519.getSharedSecret(otherSk, x25519.getPublicKey(oneSk)))) throw new Error('DH');
  return shared;
};

const handshake = (input) => {
  const key = Object.fromEntries(INPUTS.map((name) => [name, unhex(input[name])]));
  const state = new State(NAME, key.prologue);
  const step = (name, run) => { const made = run(); state.note(name); return made ?? zeros(0); };
  const e = (sk) => step('e', () => { const pk = x25519.getPublicKey(sk); state.mixHash(pk); return pk; });
  const mix = (name, one, other) => step(name, () => { state.mixKey(dh(one, other)); });
  const payload = (name, plain) => step(name, () => state.encryptAndHash(plain));

  state.mixHash(x25519.getPublicKey(key.resp_static_sk)); // <- s
  state.note('start');
  const kem = ml_kem768.keygen(key.init_kem_seed);
  const msg1 = join(e(key.init_e_sk), mix('es', key.init_e_sk, key.resp_static_sk),
    step('e1', () => state.encryptAndHash(kem.publicKey)), payload('msg1', zeros(0)));
  const msg2 = join(e(key.resp_e_sk), mix('ee', key.init_e_sk, key.resp_e_sk), step('ekem1', () => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(kem.publicKey, key.resp_kem_coins);
    if (!equal(sharedSecret, ml_kem768.decapsulate(cipherText, kem.secretKey))) throw new Error('KEM');
    const ct = state.encryptAndHash(cipherText);
    state.mixKey(sharedSecret);
    return ct;
  }), payload('msg2', zeros(0)));
  const msg3 = join(step('s', () => state.encryptAndHash(x25519.getPublicKey(key.init_static_sk))),
    mix('se', key.init_static_sk, key.resp_e_sk), payload('msg3', key.client_hello));
  const [forth, back] = hkdf2(state.ck, zeros(0)).map((octets) => octets.slice(0, 32));
  return { msg1, msg2, msg3, forth, back, trace: state.trace, hash: state.h };
};

// --- the session around it: preamble, mac1, frames (section 11) ------------------------------------------------------
const framePlain = (records) => {
  const octets = join(...records.map(({ type, body }) => join(u8(type), u24be(body.length / 2), unhex(body))));
  return join(octets, zeros((256 - octets.length % 256) % 256));
};
const session = (input, made) => {
  const preamble = join(text('HLT1'), u16be(VERSION), u16be(SUITE));
  const relayStatic = x25519.getPublicKey(unhex(input.resp_static_sk));
  const mac1 = blake2b(join(preamble, made.msg1), { key: H('hotline/v1/mac1', relayStatic), dkLen: 16 });
  const ways = { true: { key: made.forth, n: 0 }, false: { key: made.back, n: 0 } };
  const frames = input.frames.map(({ from_client, records, rekey }) => {
    const way = ways[from_client];
    const ct = seal(way.key, way.n++, zeros(0), framePlain(rekey ? [...records, { type: REKEY, body: '' }] : records));
    if (rekey) way.key = rekeyed(way.key);
    return join(u16be(ct.length), ct);
  });
  return [join(preamble, made.msg1, mac1), made.msg2, join(u16be(made.msg3.length), made.msg3), ...frames];
};
const compute = (input) => {
  const made = handshake(input);
  return { trace: made.trace, handshake_hash: hex(made.hash), k_initiator_to_responder: hex(made.forth),
    k_responder_to_initiator: hex(made.back), wires: session(input, made).map(hex) };
};

// --- cases ---------------------------------------------------------------------------------------------------------
const draw = (name, what, len) => blake2b(text(`hotline interop ${name} ${what}`), { dkLen: len });
const prologue = (ns, relayId) => PAE('hotline/v1/transport-prologue', join(u16be(VERSION), u16be(SUITE), ns, relayId));
const ownCase = (name, frames) => {
  const ns = draw(name, 'ns', 32), relayId = draw(name, 'relay', 16);
  const hello = encode(ClientHello, { entity: draw(name, 'entity', 16), device: draw(name, 'device', 16),
    cert_hash: draw(name, 'cert', 32), root_version: 1, directory_version: 2, timestamp_version: 300, roster_version: 4 });
  const secrets = Object.fromEntries([['init_static_sk', 32], ['resp_static_sk', 32], ['init_e_sk', 32], ['init_kem_seed', 64],
    ['resp_e_sk', 32], ['resp_kem_coins', 32]].map(([what, len]) => [what, hex(draw(name, what, len))]));
  return { name, ns: hex(ns), relay_id: hex(relayId), prologue: hex(prologue(ns, relayId)), ...secrets, client_hello: hex(hello), frames };
};
const octets = (len) => hex(Uint8Array.from({ length: len }, (_, i) => i));
const record = (type, len) => ({ type, body: octets(len) });
const frame = (from_client, mono_ms, records, rekey = false) => ({ from_client, mono_ms, rekey, records });
const cases = () => [
  ownCase('short', [frame(false, 0, [record(1, 36)]), frame(true, 0, [record(20, 12)]), frame(true, HOUR_MS, [], true),
    frame(true, HOUR_MS, [record(3, 2)])]),
  ownCase('exact', [frame(false, 0, [record(1, 252)]), frame(true, 0, [record(22, 508)]), frame(false, 5, [record(21, 253)]),
    frame(false, HOUR_MS, [], true), frame(false, HOUR_MS, [record(3, 0)]), frame(true, 9, [record(4, 3)])]),
];

// The public vector as one of our cases, and what it says of the octets.
const vectorFrames = (vector) => vector.frames.map((one, i) => {
  const plain = unhex(one.plain), records = [];
  for (let at = 0; at < plain.length && plain[at] !== 0;) {
    const len = Number(number(plain.slice(at + 1, at + 4)));
    records.push({ type: plain[at], body: hex(plain.slice(at + 4, at + 4 + len)) });
    at += 4 + len;
  }
  const rekey = records.at(-1).type === REKEY;
  return frame(one.dir.startsWith('C'), i < 2 ? 0 : HOUR_MS, rekey ? records.slice(0, -1) : records, rekey);
});
const vectorCase = (vector) => {
  const tail = vector.prologue.slice(-96);
  const given = Object.fromEntries(INPUTS.map((name) => [name, vector[name]]));
  return { name: 'vector', ns: tail.slice(0, 64), relay_id: tail.slice(64), ...given, frames: vectorFrames(vector) };
};

const publicVector = () => {
  const path = `${process.env.HOTLINE_VECTORS ?? '../shared/vectors'}/hotline/noise-xkhfs.json`;
  return existsSync(path) ? JSON.parse(readFileSync(path)) : null;
};

// --- checks --------------------------------------------------------------------------------------------------------
const WIRES = ['message 1', 'message 2', 'message 3'];
const KEYS = ['handshake_hash', 'k_initiator_to_responder', 'k_responder_to_initiator'];
const compare = (name, made, expected, who) => {
  const count = Math.max(made.wires.length, expected.wires.length);
  for (let i = 0; i < count; i++)
    check(made.wires[i] === expected.wires[i], `${name}: ${WIRES[i] ?? `frame ${i - 2}`} ${who}`);
  for (const what of KEYS) check(made[what] && made[what] === expected[what], `${name}: ${what} ${who}`);
};
const compareTrace = (name, made, expected, who) => {
  const wrong = expected.filter((row, i) => !isDeepStrictEqual(row, made[i])).map(({ after }) => after);
  check(wrong.length === 0 && made.length === expected.length, `${name}: h, ck, k after each of ${expected.length} tokens ${who}`,
    wrong.join(' '));
};

// Node against the public vector, whose trace leaves out some tokens and the k that is not there yet.
const checkPublic = (vector, input) => {
  if (!vector) return skip('the public vector noise-xkhfs.json', 'set HOTLINE_VECTORS');
  const ours = compute(input);
  check(isDeepStrictEqual(vectorCase(vector), input), 'vector: the frozen input is the public one');
  check(hex(prologue(unhex(input.ns), unhex(input.relay_id))) === vector.prologue, 'vector: the prologue is the public one');
  const wires = [vector.wire1, vector.wire2, vector.wire3, ...vector.frames.map((one) => one.wire)];
  compare('vector', ours, { ...vector, wires }, 'in Node as published');
  const wrong = vector.initiator_trace.filter((row) => !ours.trace.some((own) => isDeepStrictEqual({ ...own, ...row }, own)));
  check(wrong.length === 0, 'vector: h, ck, k after each published token', wrong.map(({ after }) => after).join(' '));
};

const checkAll = (peer, frozenPath) => {
  const frozen = JSON.parse(readFileSync(frozenPath)).cases;
  const inputs = frozen.map(({ input }) => input);
  check(isDeepStrictEqual(inputs.slice(0, -1), cases()) && inputs.at(-1).name === 'vector', 'the frozen inputs are those of this program');
  checkPublic(publicVector(), inputs.at(-1));
  const answers = callPeer(peer, 'handshake', inputs);
  frozen.forEach(({ input, output }, i) => {
    const ours = compute(input), theirs = answers[i];
    compare(input.name, theirs, ours, 'in C as in Node');
    compareTrace(input.name, theirs.trace, ours.trace, 'in the initiator in C as in Node');
    compareTrace(input.name, theirs.responder_trace, ours.trace, 'in the responder in C as in Node');
    check(ours.wires[0].slice(16, -32) === theirs.msg1 && ours.wires[1] === theirs.msg2 && ours.wires[2].slice(4) === theirs.msg3,
      `${input.name}: the bare messages in C as in Node`);
    compare(input.name, theirs, output, 'in C as frozen');
    compareTrace(input.name, theirs.trace, output.trace, 'in C as frozen');
  });
};

const [command, peer, frozenPath] = process.argv.slice(2);
if (command === 'check') {
  checkAll(peer, frozenPath);
  end();
} else if (command === 'freeze') {
  const inputs = [...cases(), vectorCase(publicVector())];
  const frozen = { description: 'XKhfs handshakes and first frames, frozen: made by handshake.mjs freeze; test keys, lower-case hex',
    protocol_name: NAME, cases: inputs.map((input) => ({ input, output: compute(input) })) };
  console.log(JSON.stringify(frozen, null, 1));
} else {
  console.error('usage: handshake.mjs check PEER FROZEN | freeze');
  process.exit(2);
}
