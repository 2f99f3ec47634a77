// notice — SignedNotice and its releases (PROTOCOL.md section 4, steps 11, 12 and 14 of section 8); displayed id and check word.
import { DEVICE, OFFICER, ROLES } from './documents.mjs';
import { canonical } from './rules.mjs';
import { H, equal, hex, label, number, verify } from './wire.mjs';

// Why opening stopped: `result` R or Q, the step of the table, the reason that is sent.
export class Stopped extends Error {
  constructor(result, step, reason, what) { super(what); Object.assign(this, { result, step, reason }); }
}
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const displayedId = (plane, hash) => {
  const bits = number(hash.slice(0, 7)) >> 6n;
  return `${' LET'[Number(plane)]}-${Array.from({ length: 10 }, (_, i) => CROCKFORD[Number((bits >> BigInt(45 - 5 * i)) & 31n)]).join('')}`;
};
export const foldCheckWord = (word) => word.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');

const forged = (isTrue, what) => { if (!isTrue) throw new Stopped('Q', 11, 'SIGNATURE_INVALID', what); };
const malformed = (isTrue, what) => { if (!isTrue) throw new Stopped('Q', 12, 'UNRECOGNISED_FORMAT', what); };
const parse = (name, octets) => {
  try { return canonical(name, octets); } catch (error) { throw new Stopped('Q', 12, 'UNRECOGNISED_FORMAT', error.message); }
};
const sameDesk = (left, right) => equal(left.entity, right.entity) && left.kind === right.kind;
const isDistinct = (list) => new Set(list).size === list.length;

// --- step 11 -------------------------------------------------------------------------------------------------------
const checkPair = (trust, entity, signed, type, role, onRevoked) => {
  forged(signed.sigs.length === 2, 'two signatures');
  const [person, device] = signed.sigs.map(({ key_id: id }) => trust.cert(entity, id));
  if (!person || !device) throw new Stopped('Q', 11, 'UNKNOWN_SENDER', 'unknown key');
  forged(person.kind === OFFICER && (person.roles & role) !== 0n, 'officer role');
  forged(device.kind === DEVICE && (device.roles & ROLES.DESK) !== 0n, 'device role');
  [person, device].forEach((cert, i) => {
    forged(verify(cert.sign_pk, type, signed.body, signed.sigs[i].sig), `signature ${i}`);
    if (trust.revocation(entity, cert)) onRevoked(cert);
  });
  return { person, device };
};
const quarantineRevoked = () => { throw new Stopped('Q', 11, 'REVOKED_KEY', 'revoked key'); };
export const checkSignatures = (trust, entity, plane, object, onRevoked = quarantineRevoked) => ({
  author: checkPair(trust, entity, object.notice, label('notice', plane), ROLES.COMPOSE, onRevoked),
  releasers: object.releases.map((signed) => checkPair(trust, entity, signed, label('release', plane), ROLES.RELEASE, onRevoked)),
});

// --- step 12 -------------------------------------------------------------------------------------------------------
// What a reader checks of several fields of the notice together; the other comments bind the writer.
export const checkNotice = (notice) => {
  const isExercise = notice.plane === 2n;
  malformed(isExercise === (notice.exercise_name !== undefined) && isExercise === (notice.exercise_id !== undefined), 'exercise');
  malformed(/^[0-9A-HJKMNP-TV-Z]{4}$/.test(notice.check_word), 'check word');
  malformed(isDistinct(notice.to.map(({ desk }) => `${hex(desk.entity)}/${desk.kind}`)), 'addressed twice');
  malformed(!notice.to.some(({ desk }) => sameDesk(desk, notice.sender)), 'own desk of the sender addressed');
  notice.to.forEach(({ action, precedence }) =>
    malformed(action ? precedence === notice.precedence : precedence <= notice.precedence, 'precedence of an address'));
  return notice;
};
const checkRelease = (release, notice, notice_hash, { person, device }, header) => {
  malformed(equal(release.ns, notice.ns) && release.plane === notice.plane, 'release ns or plane');
  malformed(equal(release.notice_hash, notice_hash), 'release notice_hash');
  malformed(equal(release.releaser, person.id) && equal(release.releaser_device, device.id), 'releaser ids');
  malformed(!header || equal(release.sender_device, header.sender_device), 'sender_device');
  malformed(release.not_after_ms >= release.released_ms && release.not_after_ms <= release.released_ms + 86400000n, 'not_after');
};
const checkDistinct = (notice, releases, { author, releasers }) => {
  const isSingle = notice.persons === 1n;
  malformed(releases.every(({ single_person: single, releaser }) => isSingle === (single === true) && (!isSingle || equal(releaser, notice.author))), 'single person');
  malformed(isSingle || isDistinct([author, ...releasers].map(({ person }) => hex(person.person))), 'distinct persons');
};
const checkPersons = (notice, releases, signers) => {
  malformed(releases.length === Math.max(1, Number(notice.persons) - 1), 'number of releases');
  checkDistinct(notice, releases, signers);
};
const parseOuter = (name, octets) => {
  try { return canonical(name, octets); } catch (error) { throw new Stopped('Q', 10, 'UNRECOGNISED_FORMAT', error.message); }
};
// header: the envelope's. Own desk and the address are the caller's.
const checkEqualities = (trust, object, signers, header, isSent) => {
  const notice = checkNotice(parse('Notice', object.notice.body)), hash = H(label('notice', header.plane), object.notice.body);
  const releases = object.releases.map((signed) => parse('Release', signed.body));
  malformed(equal(notice.ns, header.ns), 'ns');
  malformed(notice.plane === header.plane, 'plane');
  malformed(equal(notice.author, signers.author.person.id) && equal(notice.draft_device, signers.author.device.id), 'author or draft_device');
  malformed(equal(notice.sender.entity, header.sender_entity), 'sender entity');
  const senderDevice = trust.cert(header.sender_entity, header.sender_device);
  const all = [senderDevice, ...[signers.author, ...signers.releasers].flatMap(({ person, device }) => [person, device])];
  malformed(all.every(({ desks }) => desks.includes(notice.sender.kind)), 'sender kind');
  malformed(notice.precedence === header.precedence, 'precedence');
  malformed(notice.attachment.length === header.attachments.length, 'attachments');
  releases.forEach((release, i) => checkRelease(release, notice, hash, signers.releasers[i], isSent && header));
  return { notice, hash, releases };
};
export const checkBodies = (trust, object, signers, header) => {
  const made = checkEqualities(trust, object, signers, header, true);
  checkPersons(made.notice, made.releases, signers);
  return made;
};
// A draft never leaves its desk; its releases so far are fewer than the persons want, and may be none.
export const readDraft = (trust, content, header, ownDesk) => {
  const { notice: object, action } = parseOuter('Draft', content), signers = checkSignatures(trust, header.sender_entity, header.plane, object);
  const made = checkEqualities(trust, object, signers, header, false), { notice, releases } = made;
  malformed(sameDesk(notice.sender, ownDesk), 'draft of another desk');
  malformed(releases.length <= Math.max(1, Number(notice.persons) - 1), 'number of releases');
  malformed(releases.every((release) => equal(release.sender_device, releases[0].sender_device)), 'sender_device');
  checkDistinct(notice, releases, signers);
  return { ...made, action, signers };
};
export const addresses = (notice, desk) => notice.to.some((address) => sameDesk(address.desk, desk));

// --- step 14 -------------------------------------------------------------------------------------------------------
export const marksOf = (roster, { notice, releases }, signers, t0) => {
  const { release_min: rules, single_person_max: singleMax, release_devices_min: devicesMin } = roster.body, marks = [];
  const least = rules.find(({ precedence }) => precedence === notice.precedence)?.persons_min ?? 1n;
  if (notice.persons < least || (notice.persons === 1n && notice.precedence > singleMax)) marks.push('NOT RELEASED BY A SECOND PERSON');
  const devices = new Set([signers.author, ...signers.releasers].map(({ device }) => hex(device.id)));
  if (notice.precedence >= 3n && BigInt(devices.size) < devicesMin) marks.push('RELEASED ON ONE TERMINAL');
  if (releases.some(({ not_after_ms: end }) => t0 > end)) marks.push('RELEASE EXPIRED');
  if (releases.some(({ released_ms: at }) => at < notice.drafted_ms - 300000n || at > notice.drafted_ms + 7n * 86400000n))
    marks.push('RELEASE TIME DOES NOT FIT');
  return marks;
};
