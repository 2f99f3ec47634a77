// session — a client's session with a relay (PROTOCOL.md section 11): handshake, frames, records, fragments, rekey.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { canonical } from './rules.mjs';
import { write } from './strict.mjs';
import { H, PAE, isZero, join, number, text, u16be, u24be, u8, zeros } from './wire.mjs';

export const RECORDS = { 1: 'Welcome', 2: 'Bye', 3: 'Ping', 4: 'Pong', 10: 'Submit', 11: 'SubmitResult', 20: 'Subscribe', 21: 'Deliver', 22: 'Taken',
  23: 'RejectPut', 30: 'PrekeyPut', 31: 'PrekeyGet', 32: 'PrekeyResult', 33: 'PutResult', 90: 'Fragment' };
const typeOf = (name) => Number(Object.keys(RECORDS).find((type) => RECORDS[type] === name));
const FRAGMENT = 90, REKEY = 91, BODY_MOST = 60000, PLAIN_MOST = 65280, PART = 48000;
const NAME = text('Noise_XKhfs_25519+MLKEM768_ChaChaPoly_SHA512'), PREAMBLE = join(text('HLT1'), u16be(1), u16be(1));

const nonce = (n) => {
  const octets = Buffer.alloc(12);
  octets.writeBigUInt64LE(BigInt(n), 4);
  return octets;
};
const hkdf2 = (ck, ikm) => {
  const temp = hmac(sha512, ck, ikm), first = hmac(sha512, temp, Uint8Array.of(1));
  return [first, hmac(sha512, temp, join(first, [2]))];
};
const rekeyed = (key) => chacha20poly1305(key, nonce(2n ** 64n - 1n)).encrypt(zeros(32)).slice(0, 32);

class Handshake {
  constructor(prologue, relayStatic) {
    this.h = this.ck = join(NAME, zeros(64 - NAME.length));
    [prologue, relayStatic].forEach((octets) => this.mixHash(octets));
  }
  mixHash(octets) { this.h = sha512(join(this.h, octets)); }
  mixKey(shared) {
    if (isZero(shared)) throw new Error('DH');
    const [ck, key] = hkdf2(this.ck, shared);
    Object.assign(this, { ck, key: key.slice(0, 32), n: 0 });
  }
  seal(plain) {
    const ct = chacha20poly1305(this.key, nonce(this.n++), this.h).encrypt(plain);
    this.mixHash(ct);
    return ct;
  }
  open(ct) {
    const plain = chacha20poly1305(this.key, nonce(this.n++), this.h).decrypt(ct);
    this.mixHash(ct);
    return plain;
  }
}

// Octets as they come, taken in pieces of a wanted length.
class Source {
  constructor(socket) {
    Object.assign(this, { held: Buffer.alloc(0), wake: () => {}, isOver: false });
    socket.on('data', (part) => { this.held = Buffer.concat([this.held, part]); this.wake(); });
    for (const event of ['end', 'error', 'close']) socket.on(event, () => { this.isOver = true; this.wake(); });
  }
  async take(len) {
    while (this.held.length < len) {
      if (this.isOver) throw new Error('the relay closed');
      await new Promise((resolve) => { this.wake = resolve; });
    }
    const octets = Uint8Array.from(this.held.subarray(0, len));
    this.held = this.held.subarray(len);
    return octets;
  }
}

export class Session {
  // relay: {host, port, id, noise_static}; hello: a ClientHello.
  static async start({ relay, ns, staticKey, hello }) {
    const socket = connect(relay.port, relay.host), source = new Source(socket);
    const session = Object.assign(new Session(), { socket, source, queue: [], whole: null, fragments: 0 });
    await session.shake(new Handshake(PAE('hotline/v1/transport-prologue', join(u16be(1), u16be(1), ns, relay.id)), relay.noise_static), relay, staticKey, hello);
    return session;
  }
  async shake(state, relay, staticKey, hello) {
    const e = Uint8Array.from(randomBytes(32)), kem = ml_kem768.keygen(Uint8Array.from(randomBytes(64))), ePk = x25519.getPublicKey(e);
    state.mixHash(ePk);
    state.mixKey(x25519.getSharedSecret(e, relay.noise_static));
    const msg1 = join(ePk, state.seal(kem.publicKey), state.seal(zeros(0)));
    const mac1 = blake2b(join(PREAMBLE, msg1), { key: H('hotline/v1/mac1', relay.noise_static), dkLen: 16 });
    this.socket.write(join(PREAMBLE, msg1, mac1));
    const msg2 = await this.source.take(1152), re = msg2.slice(0, 32);
    state.mixHash(re);
    state.mixKey(x25519.getSharedSecret(e, re));
    state.mixKey(ml_kem768.decapsulate(state.open(msg2.slice(32, 1136)), kem.secretKey));
    state.open(msg2.slice(1136));
    const sealedStatic = state.seal(x25519.getPublicKey(staticKey));
    state.mixKey(x25519.getSharedSecret(staticKey, re));
    const msg3 = join(sealedStatic, state.seal(write('ClientHello', hello)));
    this.socket.write(join(u16be(msg3.length), msg3));
    [this.out, this.in] = hkdf2(state.ck, zeros(0)).map((key) => ({ key: key.slice(0, 32), n: 0 }));
  }
  close() { this.socket.destroy(); }

  // --- out -----------------------------------------------------------------------------------------------------------
  sendFrame(records) {
    const octets = join(...records.flatMap(({ type, body }) => [u8(type), u24be(body.length), body]));
    const plain = join(octets, zeros((256 - octets.length % 256) % 256));
    if (plain.length > PLAIN_MOST) throw new Error('frame too long');
    const ct = chacha20poly1305(this.out.key, nonce(this.out.n++)).encrypt(plain);
    this.socket.write(join(u16be(ct.length), ct));
  }
  rekey() { // due at 2^16 frames or 60 min; sooner does no harm
    this.sendFrame([{ type: REKEY, body: zeros(0) }]);
    this.out.key = rekeyed(this.out.key);
  }
  send(name, message, part = PART) {
    const body = write(name, message), type = typeOf(name);
    if (body.length <= BODY_MOST) return this.sendFrame([{ type, body }]);
    const msg = ++this.fragments;
    for (let offset = 0; offset < body.length; offset += part)
      this.sendFrame([{ type: FRAGMENT, body: write('Fragment', { msg, type, offset, total: body.length, part: body.slice(offset, offset + part) }) }]);
    return undefined;
  }

  // --- in ------------------------------------------------------------------------------------------------------------
  async readFrame() {
    const length = Number(number(await this.source.take(2)));
    const plain = chacha20poly1305(this.in.key, nonce(this.in.n++)).decrypt(await this.source.take(length));
    if (plain.length % 256 !== 0 || plain.length > PLAIN_MOST || plain.length === 0) throw new Error('frame');
    let at = 0;
    for (; at < plain.length && plain[at] !== 0;) {
      const type = plain[at], len = Number(number(plain.slice(at + 1, at + 4))), body = plain.slice(at + 4, at + 4 + len);
      if (body.length !== len || len > BODY_MOST) throw new Error('record');
      at += 4 + len;
      this.takeRecord(type, body);
    }
    if (at === 0 || !isZero(plain.slice(at))) throw new Error('padding');
  }
  takeRecord(type, body) {
    if (type === REKEY) this.in.key = rekeyed(this.in.key);
    else if (type === FRAGMENT) this.takeFragment(canonical('Fragment', body));
    else if (RECORDS[type]) this.queue.push({ name: RECORDS[type], message: canonical(RECORDS[type], body) });
    else throw new Error(`record ${type}`);
  }
  takeFragment({ type, offset = 0, total, part }) {
    this.whole = offset === 0 ? part : join(this.whole, part);
    if (this.whole.length === Number(total)) this.takeRecord(Number(type), this.whole);
  }
  // The next record of that name; pings are answered, the others kept.
  async receive(name) {
    for (;;) {
      const at = this.queue.findIndex((one) => one.name === name || one.name === 'Bye');
      if (at >= 0) {
        const [{ name: found, message }] = this.queue.splice(at, 1);
        if (found === 'Bye' && name !== 'Bye') throw new Error(`Bye ${message.reason} ${message.detail ?? ''}`);
        return message;
      }
      for (const ping of this.queue.filter((one) => one.name === 'Ping')) this.send('Pong', { token: ping.message.token });
      this.queue = this.queue.filter((one) => one.name !== 'Ping');
      await this.readFrame();
    }
  }
}
