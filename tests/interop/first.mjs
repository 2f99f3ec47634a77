// first — a relay's look at the first message of a handshake (PROTOCOL.md section 11): answered, or closed in silence.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { H, PAE, equal, join, text, u16be, zeros } from './wire.mjs';

const NAME = text('Noise_XKhfs_25519+MLKEM768_ChaChaPoly_SHA512'), PREAMBLE = join(text('HLT1'), u16be(1), u16be(1));
const hkdf2 = (ck, ikm) => {
  const temp = hmac(sha512, ck, ikm), first = hmac(sha512, temp, Uint8Array.of(1));
  return [first, hmac(sha512, temp, join(first, [2]))];
};
const nonce = (n) => join(zeros(4), [n], zeros(7));

// True where the relay would answer; what it would draw (e, coins) does not matter here.
export const isAnswered = (octets, { ns, relayId, staticKey }) => {
  const staticPk = x25519.getPublicKey(staticKey), msg1 = octets.slice(8, 1256), mac1 = octets.slice(1256);
  const mac = blake2b(octets.slice(0, 1256), { key: H('hotline/v1/mac1', staticPk), dkLen: 16 });
  if (octets.length !== 1272 || !equal(octets.slice(0, 8), PREAMBLE) || !equal(mac, mac1)) return false;
  try {
    let h = join(NAME, zeros(64 - NAME.length));
    const mix = (data) => { h = sha512(join(h, data)); }, ck = h;
    mix(PAE('hotline/v1/transport-prologue', join(u16be(1), u16be(1), ns, relayId)));
    mix(staticPk);
    mix(msg1.slice(0, 32));
    const [, key] = hkdf2(ck, x25519.getSharedSecret(staticKey, msg1.slice(0, 32))).map((half) => half.slice(0, 32));
    const e1 = chacha20poly1305(key, nonce(0), h).decrypt(msg1.slice(32, 1232));
    mix(msg1.slice(32, 1232));
    chacha20poly1305(key, nonce(1), h).decrypt(msg1.slice(1232));
    ml_kem768.encapsulate(e1, zeros(32));
    return true;
  } catch { return false; }
};
