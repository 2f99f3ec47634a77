// documents — who may speak (PROTOCOL.directory.md): root, directory, timestamp, national roots, rosters, certificates,
// revocations and prekeys, each admitted or refused with a reason; the fingerprint of a State.
import { blake2b } from '@noble/hashes/blake2.js';
import { canonical } from './rules.mjs';
import { H, PAE, equal, hex, isGoodPoint, isZero, join, keyId, number, pathRoot, prekeyId, treeRoot, u32be, u8, verify, zeros } from './wire.mjs';

const DAY = 86400000n;
export const ROLES = { COMPOSE: 1n, RELEASE: 2n, ACK: 4n, ADMIN: 8n, AUTO: 16n, MONITOR: 32n, DESK: 64n };
export const DEVICE = 1n, OFFICER = 2n;

const need = (isTrue, document, what) => { if (!isTrue) throw new Error(`${document}: ${what}`); };
const less = (left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
const ascends = (list, key = (item) => item, before = less) => list.every((item, i) => i === 0 || before(key(list[i - 1]), key(item)));
const ascendsByNumber = (list, key = (item) => item) => ascends(list, key, (left, right) => left < right);
const isDistinct = (list) => new Set(list).size === list.length;

export const checkThreshold = (document, signed, label, keys, threshold) => {
  need(isDistinct(signed.sigs.map(({ key_id: id }) => hex(id))), document, 'one key_id twice');
  const good = signed.sigs.filter(({ key_id: id, sig }) => keys.some((key) => equal(keyId(key), id) && verify(key, label, signed.body, sig)));
  need(BigInt(good.length) >= threshold, document, `${good.length} of ${threshold} signatures`);
};
const readSigned = (document, name, octets) => {
  const signed = canonical('Signed', octets);
  return { signed, body: canonical(name, signed.body), hash: H(`hotline/v1/${document}`, signed.body) };
};
const checkLife = (document, from, to, days) => need(to > from && to - from <= days * DAY, document, 'lifetime');

// --- the chain -----------------------------------------------------------------------------------------------------
const MINIMUM = [3n, 3n, 2n, 0n];
export const admitRoot = (octets, pinnedHash) => {
  const { signed, body, hash } = readSigned('root-metadata', 'RootMetadata', octets);
  need(body.version === 1n && body.ns === undefined && isZero(body.prev_hash) && body.min_suite === 1n, 'root', 'version 1 only');
  need(!pinnedHash || equal(hash, pinnedHash), 'root', 'not the pinned one');
  checkLife('root', body.issued_ms, body.expires_ms, 1100n);
  body.roles.forEach(({ role, threshold = 0n, keys }, i) => {
    const isWitness = i === 3, least = body.sandbox && !isWitness ? 1n : MINIMUM[i];
    need(role === BigInt(i + 1), 'root', 'roles in order');
    need(threshold >= least && threshold <= BigInt(keys.length), 'root', 'threshold');
    need(ascends(keys) && keys.every(isGoodPoint), 'root', 'keys');
  });
  need(isDistinct(body.roles.flatMap(({ keys }) => keys.map(hex))), 'root', 'key in two roles');
  checkThreshold('root', signed, 'hotline/v1/root-metadata', body.roles[0].keys, body.roles[0].threshold);
  return { body, hash, ns: H('hotline/v1/namespace', signed.body), sandbox: body.sandbox === true };
};
const role = (root, no) => [root.body.roles[no - 1].keys, root.body.roles[no - 1].threshold];

const checkRelay = (root, relay) => {
  need(isGoodPoint(relay.sign_pk) && isGoodPoint(relay.log_pk) && !equal(relay.sign_pk, relay.log_pk), 'directory', 'relay keys');
  need(equal(relay.id, keyId(relay.sign_pk)), 'directory', 'relay id');
  need([relay.name, relay.operator].every((name) => /^[a-z0-9-]+$/.test(name)), 'directory', 'relay name');
  need(/^[A-Za-z0-9.:-]+$/.test(relay.host), 'directory', 'relay host');
  need(relay.log_origin === `hotline/${hex(root.ns).slice(0, 16)}/${relay.name}`, 'directory', 'log_origin');
};
const checkProfile = ({ name, rules }, i) => {
  need(i > 0 || name === 'hotline-24x7', 'directory', 'first profile');
  rules.forEach(({ precedence, rungs_s: rungs }, at) =>
    need(precedence === BigInt(at + 1) && ascendsByNumber(rungs), 'directory', 'profile rules'));
};
export const admitDirectory = (root, octets) => {
  const { signed, body, hash } = readSigned('directory', 'Directory', octets);
  need(equal(body.ns, root.ns) && body.root_version === root.body.version, 'directory', 'ns or root version');
  checkThreshold('directory', signed, 'hotline/v1/directory', ...role(root, 2));
  checkLife('directory', body.issued_ms, body.expires_ms, 30n);
  need(body.version > 1n || isZero(body.prev_hash), 'directory', 'prev_hash');
  need(ascends(body.entities, ({ id }) => id) && ascends(body.relays, ({ id }) => id), 'directory', 'ids ascend');
  need(isDistinct(body.entities.map(({ code }) => code)), 'directory', 'code twice');
  body.entities.forEach(({ code }) => need(/^[A-Z]{3}$/.test(code) && (root.sandbox || code[0] !== 'X'), 'directory', 'code'));
  body.relays.forEach((relay) => checkRelay(root, relay));
  need(isDistinct(body.relays.map(({ name }) => name)), 'directory', 'relay name twice');
  const signKeys = body.relays.map((relay) => hex(relay.sign_pk));
  need(body.relays.every((relay) => !signKeys.includes(hex(relay.log_pk))), 'directory', 'log key is a signing key');
  body.profiles.forEach(checkProfile);
  return { body, hash };
};
export const admitTimestamp = (root, directory, octets) => {
  const { signed, body } = readSigned('timestamp', 'Timestamp', octets);
  need(equal(body.ns, root.ns), 'timestamp', 'ns');
  checkThreshold('timestamp', signed, 'hotline/v1/timestamp', ...role(root, 3));
  checkLife('timestamp', body.issued_ms, body.expires_ms, 1n);
  need(body.directory_version === directory.body.version && equal(body.directory_hash, directory.hash), 'timestamp', 'another directory');
  need(ascends(body.rosters, ({ entity }) => entity), 'timestamp', 'rosters ascend');
  return { body };
};
export const admitNationalRoot = (root, directory, octets) => {
  const { signed, body, hash } = readSigned('national-root', 'NationalRoot', octets);
  need(equal(body.ns, root.ns), 'national root', 'ns');
  const entity = directory.body.entities.find(({ id }) => equal(id, body.entity));
  need(entity, 'national root', 'State not in the directory');
  need(body.version === 1n && isZero(body.prev_hash), 'national root', 'version 1 only');
  need(entity.national_root_version === body.version && equal(entity.national_root_hash, hash), 'national root', 'not the directory’s');
  need(body.threshold <= BigInt(body.keys.length), 'national root', 'threshold');
  need(ascends(body.keys) && body.keys.every(isGoodPoint), 'national root', 'keys');
  checkThreshold('national root', signed, 'hotline/v1/national-root', body.keys, body.threshold);
  return { body, hash, entity };
};

// --- rosters -------------------------------------------------------------------------------------------------------
const checkDevice = (cert) => {
  const kinds = cert.roles & (ROLES.MONITOR | ROLES.DESK);
  need(cert.roles === (ROLES.AUTO | kinds) && (kinds === ROLES.MONITOR || kinds === ROLES.DESK), 'roster', 'device roles');
  need(cert.desks.length === 1 && cert.device_no && cert.noise_static && !cert.person, 'roster', 'device fields');
};
const checkOfficer = (cert) => {
  need(cert.roles < ROLES.AUTO, 'roster', 'officer roles');
  need(cert.person && !cert.device_no && !cert.noise_static, 'roster', 'officer fields');
};
export const admitCert = (national, octets) => {
  const cert = canonical('Cert', octets);
  need(equal(cert.ns, national.body.ns) && equal(cert.entity, national.body.entity), 'roster', 'certificate of another State');
  need(isGoodPoint(cert.sign_pk), 'roster', 'certificate key');
  need(ascendsByNumber(cert.desks), 'roster', 'desks ascend');
  (cert.kind === DEVICE ? checkDevice : checkOfficer)(cert);
  checkLife('roster', cert.not_before_ms, cert.not_after_ms, 400n);
  const possession = join(cert.ns, cert.entity, u8(cert.kind), cert.sign_pk, cert.noise_static ?? zeros(32));
  need(verify(cert.sign_pk, 'hotline/v1/possession', possession, cert.pop), 'roster', 'pop');
  return { ...cert, id: keyId(cert.sign_pk), hash: H('hotline/v1/cert', octets) };
};
// What stands under the national signature; the certificates come with it or, in a bundle, by their paths.
export const admitRosterHead = (timestamp, national, signed) => {
  const body = canonical('NationalRoster', signed.body), hash = H('hotline/v1/national-roster', signed.body);
  need(equal(body.ns, national.body.ns) && equal(body.entity, national.body.entity), 'roster', 'ns or entity');
  need(body.national_root_version === national.body.version, 'roster', 'national root version');
  checkThreshold('roster', signed, 'hotline/v1/national-roster', national.body.keys, national.body.threshold);
  checkLife('roster', body.issued_ms, body.expires_ms, 90n);
  need(ascendsByNumber(body.desks, ({ kind }) => kind), 'roster', 'desks ascend');
  body.release_min.forEach(({ precedence }, i) => need(precedence === BigInt(i + 1), 'roster', 'release rules'));
  const floor = timestamp.body.rosters.find(({ entity }) => equal(entity, body.entity));
  need(!floor || body.version > floor.version || (body.version === floor.version && equal(hash, floor.hash)), 'roster', 'below the floor or FORK');
  return { body, hash };
};
export const admitRevocation = (national, signed, keyOf) => {
  const body = canonical('Revocation', signed.body);
  need(equal(body.ns, national.body.ns) && equal(body.entity, national.body.entity), 'revocation', 'ns or entity');
  need(signed.sigs.length <= 8, 'revocation', 'more than 8 signatures');
  need(body.invalid_since_ms <= body.at_ms, 'revocation', 'begins after it was made');
  const check = (keys, threshold) => checkThreshold('revocation', signed, 'hotline/v1/revocation', keys, threshold);
  try { check(national.body.keys, national.body.threshold); } catch (error) {
    const own = keyOf(body.key_id, body.cert_serial);
    if (!own) throw error;
    check([own], 1n);
    need(body.invalid_since_ms === body.at_ms, 'revocation', 'self-revocation backdated');
  }
  return body;
};
export const admitRoster = (timestamp, national, octets) => {
  const document = canonical('RosterDoc', octets), head = admitRosterHead(timestamp, national, document.roster);
  need(BigInt(document.certs.length) === head.body.cert_count, 'roster', 'cert_count');
  need(equal(treeRoot(document.certs), head.body.certs_root), 'roster', 'certs_root');
  const certs = document.certs.map((cert) => admitCert(national, cert));
  need(ascendsByNumber(certs, ({ serial }) => serial), 'roster', 'serials ascend');
  const numbers = certs.filter(({ kind }) => kind === DEVICE).map((cert) => `${cert.desks[0]}/${cert.device_no}`);
  need(isDistinct(numbers), 'roster', 'device_no twice');
  need(isDistinct(certs.map(({ id }) => hex(id))), 'roster', 'key twice');
  const revocations = document.revocations.map((signed) =>
    admitRevocation(national, signed, (id, serial) => certs.find((cert) => equal(cert.id, id) && cert.serial === serial)?.sign_pk));
  return { ...head, certs, revocations };
};
export const admitCertProof = (timestamp, national, octets) => {
  const proof = canonical('CertProof', octets), head = admitRosterHead(timestamp, national, proof.roster);
  const root = pathRoot(proof.cert, Number(proof.index ?? 0n), Number(head.body.cert_count), proof.proof);
  need(root && equal(root, head.body.certs_root), 'roster', 'path of a certificate');
  return { ...head, cert: admitCert(national, proof.cert) };
};

// --- all together --------------------------------------------------------------------------------------------------
export class Trust {
  constructor(root, directory, timestamp) {
    Object.assign(this, { root, directory, timestamp, ns: root.ns, states: [] });
  }
  addState(national, roster) {
    const signKeys = [...this.states.flatMap((state) => state.certs), ...this.directory.body.relays].map((one) => hex(one.sign_pk));
    need(roster.certs.every((cert) => !signKeys.includes(hex(cert.sign_pk))), 'roster', 'key of another State or a relay');
    this.states.push({ entity: national.body.entity, code: national.entity.code, national, roster, certs: roster.certs,
      revocations: roster.revocations ?? [] });
  }
  state(entity) { return this.states.find((state) => equal(state.entity, entity)); }
  cert(entity, id) { return this.state(entity)?.certs.find((cert) => equal(cert.id, id)); }
  revocation(entity, { id, serial }) {
    return this.state(entity)?.revocations.find((one) => equal(one.key_id, id) && one.cert_serial === serial);
  }
  relay(id) { return this.directory.body.relays.find((relay) => equal(relay.id, id)); }
}
export const admit = ({ root: rootOctets, directory: directoryOctets, timestamp: timestampOctets, nationalRoots, rosters }, pinned) => {
  const root = admitRoot(rootOctets, pinned), directory = admitDirectory(root, directoryOctets);
  const timestamp = admitTimestamp(root, directory, timestampOctets), trust = new Trust(root, directory, timestamp);
  nationalRoots.forEach((octets, i) => {
    const national = admitNationalRoot(root, directory, octets);
    trust.addState(national, admitRoster(timestamp, national, rosters[i]));
  });
  return trust;
};
export const admitPrekey = (trust, octets, nowMs) => {
  const signed = canonical('Signed', octets), body = canonical('Prekey', signed.body), cert = trust.cert(body.entity, body.device);
  need(cert?.kind === DEVICE && equal(body.ns, trust.ns), 'prekey', 'unknown device');
  need(signed.sigs.length === 1 && equal(signed.sigs[0].key_id, body.device), 'prekey', 'signer');
  need(verify(cert.sign_pk, 'hotline/v1/prekey', signed.body, signed.sigs[0].sig), 'prekey', 'signature');
  need(body.not_after_ms > body.created_ms && body.not_after_ms - body.created_ms <= (body.kind === 1n ? 3n : 90n) * DAY, 'prekey', 'lifetime');
  need(body.created_ms <= BigInt(nowMs) + 600000n, 'prekey', 'ahead of the clock');
  return { ...body, id: prekeyId(body.pk), hash: H('hotline/v1/prekey', signed.body), cert };
};

// --- the fingerprint of a national root ------------------------------------------------------------------------------
export const fingerprint = ({ ns, entity, threshold, keys }) => {
  const F = H('hotline/v1/fingerprint', ns, entity, u32be(threshold), ...keys);
  const D = blake2b(PAE('hotline/v1/fingerprint-digits', F), { dkLen: 64 });
  const groups = Array.from({ length: 12 }, (_, i) => String(number(D.slice(5 * i, 5 * i + 5)) % 100000n).padStart(5, '0'));
  const check = String(98n - (100n * BigInt(groups.join(''))) % 97n).padStart(2, '0');
  return { F, groups, check };
};
