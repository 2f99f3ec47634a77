// bends — worlds with one thing wrong that no length or range tells: order, thresholds, equalities, records. Each says what a bundle
// about it is worth; Node and C must both say so.
import { DAY, NOW, draw, key } from './world.mjs';
import { read, write } from './strict.mjs';
import { label, sign, text, treePath, u32be, zeros } from './wire.mjs';

const GOOD = 'VALID-WITH-REMARKS', FINE = 'VALID', BAD = 'INVALID';
const bends = [];
const bend = (name, result, how) => bends.push({ name, result, ...how });
const change = (name, result, message, run, at = 0) => bend(`${message}: ${name}`, result, { message, at, change: run });
const edit = (name, result, run) => bend(`records: ${name}`, result, { edit: run });
const swap = (list) => [list[1], list[0], ...list.slice(2)];
const flipped = (octets, at = 5) => { const copy = octets.slice(); copy[at] ^= 1; return copy; };
const only = (wanted, run) => (name, signers, world) => name === wanted ? run(signers, world) : signers;

// --- root, directory, timestamp --------------------------------------------------------------------------------------
change('nothing bent', GOOD, 'Nothing', () => {});
change('roles swapped', BAD, 'RootMetadata', (root) => { root.roles = swap(root.roles); });
change('keys not ascending', BAD, 'RoleKeys', (role) => { role.keys = swap(role.keys); });
change('a key twice', BAD, 'RoleKeys', (role) => { role.keys = [role.keys[0], role.keys[0], role.keys[2]]; });
change('a key that is no point', BAD, 'RoleKeys', (role) => { role.keys = [...role.keys.slice(0, 2), new Uint8Array(32).fill(255)]; });
change('a key of small order', BAD, 'RoleKeys', (role) => { role.keys = [Uint8Array.from([1, ...zeros(31)]), ...role.keys.slice(1)].sort(Buffer.compare); });
change('a key of another role', BAD, 'RoleKeys', (role) => { role.keys = [...role.keys.slice(0, 2), key('root', 0).pk].sort(Buffer.compare); }, 1);
change('threshold above the keys', BAD, 'RoleKeys', (role) => { role.threshold = 4; });
change('witness keys with threshold zero', GOOD, 'RoleKeys', (role) => { role.keys = [key('witness', 0).pk]; }, 3);
change('life of 1100 days', GOOD, 'RootMetadata', (root) => { root.expires_ms = root.issued_ms + 1100n * DAY; });
change('life of 1100 days and 1 ms', BAD, 'RootMetadata', (root) => { root.expires_ms = root.issued_ms + 1100n * DAY + 1n; });
change('no sandbox, thresholds of a sandbox', BAD, 'RootMetadata', (root) => { delete root.sandbox; });
change('prev_hash not zero', BAD, 'RootMetadata', (root) => { root.prev_hash = draw('x'); });
change('ns there', BAD, 'RootMetadata', (root) => { root.ns = draw('x'); });
bend('root: one signature of two', BAD, { signers: only('RootMetadata', (signers) => signers.slice(1)) });
bend('root: signed by the directory keys', BAD, { signers: only('RootMetadata', () => [0, 1].map((i) => key('directory', i))) });
bend('root: under the directory’s label', BAD, { label: (name, type) => name === 'RootMetadata' ? 'hotline/v1/directory' : type });
change('entities descend', BAD, 'Directory', (one) => { one.entities = swap(one.entities); });
change('relays descend', BAD, 'Directory', (one) => { one.relays = swap(one.relays); });
change('of another root version', BAD, 'Directory', (one) => { one.root_version = 2; });
change('of another ns', BAD, 'Directory', (one) => { one.ns = draw('x'); });
change('life of 30 days', GOOD, 'Directory', (one) => { one.expires_ms = one.issued_ms + 30n * DAY; });
change('life of 30 days and 1 ms', BAD, 'Directory', (one) => { one.expires_ms = one.issued_ms + 30n * DAY + 1n; });
change('expired long ago', GOOD, 'Directory', (one) => { one.issued_ms -= 400n * DAY; one.expires_ms -= 400n * DAY; });
change('ends as it begins', BAD, 'Directory', (one) => { one.expires_ms = one.issued_ms; });
change('version 1 with zero prev_hash', GOOD, 'Directory', (one) => { one.version = 5; one.prev_hash = zeros(32); });
bend('directory: a third signature that is wrong', GOOD, { signers: only('Directory', (signers) => [...signers, { ...key('directory', 2), seed: draw('x') }]) });
bend('directory: a third signature by a stranger', GOOD, { signers: only('Directory', (signers) => [...signers, key('stranger')]) });
bend('directory: one signature twice', BAD, { signers: only('Directory', (signers) => [signers[0], signers[0]]) });
bend('directory: one good, one wrong', BAD, { signers: only('Directory', (signers) => [signers[0], { ...signers[1], seed: draw('x') }]) });
change('code in small letters', BAD, 'Entity', (one) => { one.code = 'xaa'; });
change('code twice', BAD, 'Entity', (one) => { one.code = 'XBB'; });
change('code of a real State in a sandbox', GOOD, 'Entity', (one) => { one.code = 'DEU'; });
change('status LEFT', GOOD, 'Entity', (one) => { one.status = 3; });
change('another national root hash', BAD, 'Entity', (one) => { one.national_root_hash = draw('x'); });
change('id is not that of sign_pk', BAD, 'RelayDescriptor', (one) => { one.id = flipped(one.id); });
change('log_pk = sign_pk', BAD, 'RelayDescriptor', (one) => { one.log_pk = one.sign_pk; });
change('log_pk is the other relay’s sign_pk', BAD, 'RelayDescriptor', (one) => { one.log_pk = key('relay', 'r2').pk; });
change('log_pk of the other relay too', BAD, 'RelayDescriptor', (one) => { one.log_pk = key('log', 'r2').pk; });
change('log_origin of another name', BAD, 'RelayDescriptor', (one) => { one.log_origin += 'x'; });
change('name in capitals', BAD, 'RelayDescriptor', (one) => { one.name = 'R1'; one.log_origin = one.log_origin.replace(/r1$/, 'R1'); });
change('name of the other relay', BAD, 'RelayDescriptor', (one) => { one.name = 'r2'; one.log_origin = one.log_origin.replace(/r1$/, 'r2'); });
change('operator of the other relay', GOOD, 'RelayDescriptor', (one) => { one.operator = 'op1'; });
change('host is an IPv6 address', GOOD, 'RelayDescriptor', (one) => { one.host = '2001:db8::1'; });
change('suite 2', BAD, 'RelayDescriptor', (one) => { one.suites = [2]; });
change('suites 1 and 2', BAD, 'RelayDescriptor', (one) => { one.suites = [1, 2]; });
change('noise_static is zero', GOOD, 'RelayDescriptor', (one) => { one.noise_static = zeros(32); });
change('first has another name', BAD, 'Profile', (one) => { one.name = 'office'; });
change('rules in another order', BAD, 'Profile', (one) => { one.rules = swap(one.rules); });
change('rungs equal', BAD, 'PrecedenceRule', (one) => { one.rungs_s = [60, 60]; });
change('of another directory version', BAD, 'Timestamp', (one) => { one.directory_version = 6; });
change('of another directory', BAD, 'Timestamp', (one) => { one.directory_hash = draw('x'); });
change('life of 24 h', GOOD, 'Timestamp', (one) => { one.expires_ms = one.issued_ms + DAY; });
change('life of 24 h and 1 ms', BAD, 'Timestamp', (one) => { one.expires_ms = one.issued_ms + DAY + 1n; });
change('rosters descend', BAD, 'Timestamp', (one) => { one.rosters = swap(one.rosters); });
change('names no roster', GOOD, 'Timestamp', (one) => { one.rosters = []; });
change('floor below the roster', GOOD, 'RosterRef', (one) => { one.version = 2; });
change('floor above the roster', BAD, 'RosterRef', (one) => { one.version = 4; });
change('same version, another hash', BAD, 'RosterRef', (one) => { one.hash = draw('x'); });

// --- national root, roster, certificates -----------------------------------------------------------------------------
change('version 2', BAD, 'NationalRoot', (one) => { one.version = 2; });
change('prev_hash not zero', BAD, 'NationalRoot', (one) => { one.prev_hash = draw('x'); });
change('threshold above the keys', BAD, 'NationalRoot', (one) => { one.threshold = 4; });
change('keys descend', BAD, 'NationalRoot', (one) => { one.keys = swap(one.keys); });
change('of a State that is not in the directory', BAD, 'NationalRoot', (one) => { one.entity = draw('x').slice(0, 16); });
bend('national root: one signature', BAD, { signers: only('NationalRoot', (signers) => signers.slice(1)) });
change('life of 90 days', GOOD, 'NationalRoster', (one) => { one.expires_ms = one.issued_ms + 90n * DAY; });
change('life of 90 days and 1 ms', BAD, 'NationalRoster', (one) => { one.expires_ms = one.issued_ms + 90n * DAY + 1n; });
change('of another State', BAD, 'NationalRoster', (one) => { one.entity = draw('x').slice(0, 16); });
change('of another national root version', BAD, 'NationalRoster', (one) => { one.national_root_version = 2; });
change('another tree', BAD, 'NationalRoster', (one) => { one.certs_root = draw('x'); });
change('one certificate more', BAD, 'NationalRoster', (one) => { one.cert_count += 1; });
change('release rules swapped', BAD, 'NationalRoster', (one) => { one.release_min = swap(one.release_min); });
change('a desk twice', BAD, 'NationalRoster', (one) => { one.desks = [one.desks[0], one.desks[0]]; });
change('three persons for FLASH', GOOD, 'ReleaseRule', (one) => { one.persons_min = 3; }, 3);
bend('roster: one signature', BAD, { signers: only('NationalRoster', (signers) => signers.slice(1)) });
bend('roster: signed by the directory keys', BAD, { signers: only('NationalRoster', () => [0, 1].map((i) => key('directory', i))) });
change('path of another certificate', BAD, 'CertProof', (one) => { one.index = 1; });
change('path one hash short', BAD, 'CertProof', (one) => { one.proof = one.proof.slice(1); });
change('device with two desks', BAD, 'Cert', (one) => { one.desks = [2n, 3n]; });
change('device is MONITOR and DESK', BAD, 'Cert', (one) => { one.roles = 16 + 32 + 64; });
change('device without AUTO', BAD, 'Cert', (one) => { one.roles = 64; });
change('device may COMPOSE', BAD, 'Cert', (one) => { one.roles = 16 + 64 + 1; });
change('device is a MONITOR', BAD, 'Cert', (one) => { one.roles = 16 + 32; });
change('device has a person', BAD, 'Cert', (one) => { one.person = draw('x').slice(0, 16); });
change('noise_static is zero', BAD, 'Cert', (one) => { one.noise_static = zeros(32); });
change('officer has a device_no', BAD, 'Cert', (one) => { one.device_no = 4; }, 2);
change('officer has a noise_static', BAD, 'Cert', (one) => { one.noise_static = draw('x'); }, 2);
change('officer is AUTO', BAD, 'Cert', (one) => { one.roles = 23; }, 2);
change('officer has ADMIN too', GOOD, 'Cert', (one) => { one.roles = 15; }, 2);
change('officer of four desks', GOOD, 'Cert', (one) => { one.desks = [1n, 2n, 3n, 4n]; }, 2);
change('officer’s desks descend', BAD, 'Cert', (one) => { one.desks = [3n, 2n]; }, 2);
change('officer of another desk only', BAD, 'Cert', (one) => { one.desks = [1n]; }, 2);
change('author without COMPOSE', BAD, 'Cert', (one) => { one.roles = 6; }, 2);
change('releaser without RELEASE', BAD, 'Cert', (one) => { one.roles = 5; }, 3);
change('acknowledging officer without ACK', BAD, 'Cert', (one) => { one.roles = 3; }, 6);
change('acknowledging officer of another desk', BAD, 'Cert', (one) => { one.desks = [1n]; }, 6);
change('releaser is the author’s person', BAD, 'Cert', (one) => { one.person = draw('XAA', 'person', 0).slice(0, 16); }, 3);
change('pop of another', BAD, 'Cert', (one) => { one.pop = flipped(one.pop); });
change('life of 400 days', GOOD, 'Cert', (one) => { one.not_after_ms = one.not_before_ms + 400n * DAY; });
change('life of 400 days and 1 ms', BAD, 'Cert', (one) => { one.not_after_ms = one.not_before_ms + 400n * DAY + 1n; });
change('expired before the notice', GOOD, 'Cert', (one) => { one.not_before_ms -= 100n * DAY; one.not_after_ms = NOW - 1n; });
change('not yet valid', GOOD, 'Cert', (one) => { one.not_before_ms = NOW + DAY; });
change('recipient’s device expired', GOOD, 'Cert', (one) => { one.not_before_ms -= 100n * DAY; one.not_after_ms = NOW - 1n; }, 4);
change('role_label of two scripts', GOOD, 'Cert', (one) => { one.role_label = 'officеr'; });
change('sign_pk is the other State’s', BAD, 'Cert', (one) => { one.sign_pk = key('XAA', 'device', 0).pk; }, 4);

// --- notice, release, envelope, link ---------------------------------------------------------------------------------
change('of another State', BAD, 'Notice', (one) => { one.sender = { ...one.sender, entity: draw('x').slice(0, 16) }; });
change('of another kind', BAD, 'Notice', (one) => { one.sender = { ...one.sender, kind: 1 }; });
change('to a third State only', BAD, 'Notice', (one) => { one.to = [{ ...one.to[0], desk: { entity: draw('XCC').slice(0, 16), kind: 2 } }]; });
change('to its own desk too', BAD, 'Notice', (one) => { one.to = [...one.to, { desk: one.sender, precedence: 4, action: true }]; });
change('to one desk twice', BAD, 'Notice', (one) => { one.to = [one.to[0], one.to[0]]; });
change('action below the notice’s precedence', BAD, 'Address', (one) => { one.precedence = 3; });
change('information below it', GOOD, 'Address', (one) => { one.precedence = 3; delete one.action; });
change('plane EXERCISE', BAD, 'Notice', (one) => { one.plane = 2; });
change('exercise_name in plane LIVE', BAD, 'Notice', (one) => { one.exercise_name = 'x'; });
change('another precedence than the header', BAD, 'Notice', (one) => { one.precedence = 3; one.to = [{ ...one.to[0], precedence: 3 }]; });
change('persons 3 with one release', BAD, 'Notice', (one) => { one.persons = 3; });
change('persons 1 with the release of another', BAD, 'Notice', (one) => { one.persons = 1; });
change('another author', BAD, 'Notice', (one) => { one.author = key('XAA', 'officer', 1).id; });
change('another draft_device', BAD, 'Notice', (one) => { one.draft_device = key('XAA', 'device', 1).id; });
change('an attachment that the header has not', BAD, 'Notice', (one) => {
  one.attachment = [{ name: 'a.txt', media_type: 'text/plain', size: 3, pt_hash: draw('x') }]; });
change('no texts at all', GOOD, 'Notice', (one) => { one.text = []; });
change('two texts of one language', GOOD, 'Notice', (one) => { one.text = [one.text[0], one.text[0]]; });
change('no authoritative text', GOOD, 'Text', (one) => { delete one.authoritative; });
change('no incident in an INC', GOOD, 'Notice', (one) => { delete one.incident; });
change('body of another type', GOOD, 'Notice', (one) => { one.statement = { kind: 1 }; });
change('requested_action missing in an RFA', GOOD, 'Notice', (one) => { one.type = 20; one.requested_action = []; });
change('a type that nobody knows', GOOD, 'Notice', (one) => { one.type = 777; });
for (const word of ['ABCU', 'ABC1', 'ABCl', 'ABCO', 'AB C']) bend(`Notice: check word ${word}`, word === 'ABC1' ? FINE : BAD, { message: 'Notice',
  change: (one) => { one.check_word = word; }, edit: (records) => records.filter(({ type }) => type !== 22) });
change('of no known enum in its incident', GOOD, 'Incident', (one) => { one.category = 99; });
change('of another notice', BAD, 'Release', (one) => { one.notice_hash = draw('x'); });
change('of another plane', BAD, 'Release', (one) => { one.plane = 3; });
change('of another sender_device', BAD, 'Release', (one) => { one.sender_device = key('XAA', 'device', 1).id; });
change('single_person with two persons', BAD, 'Release', (one) => { one.single_person = true; });
change('24 h long', GOOD, 'Release', (one) => { one.not_after_ms = one.released_ms + DAY; });
change('24 h and 1 ms long', BAD, 'Release', (one) => { one.not_after_ms = one.released_ms + DAY + 1n; });
change('ends as it begins', GOOD, 'Release', (one) => { one.not_after_ms = one.released_ms; });
change('ends before it begins', BAD, 'Release', (one) => { one.not_after_ms = one.released_ms - 1n; });
bend('notice: signed by the author alone', BAD, { signers: only('Notice', (signers) => signers.slice(0, 1)) });
bend('notice: device first', BAD, { signers: only('Notice', (signers) => [signers[1], signers[0]]) });
bend('notice: three signatures', BAD, { signers: only('Notice', (signers) => [...signers, key('XAA', 'officer', 1)]) });
bend('notice: under the label of TEST', BAD, { label: (name, type) => name === 'Notice' ? label('notice', 3) : type });
bend('release: under the label of a notice', BAD, { label: (name, type) => name === 'Release' ? label('notice', 1) : type });
change('no precedence', BAD, 'EnvelopeHeader', (one) => { delete one.precedence; });
change('class control', BAD, 'EnvelopeHeader', (one) => { delete one.class; delete one.precedence; });
change('expires in 59 minutes', GOOD, 'EnvelopeHeader', (one) => { one.expires_ms = one.created_ms + 3540000n; });
change('of another device of the desk', BAD, 'EnvelopeHeader', (one) => { one.sender_device = key('XAA', 'device', 1).id; });
change('of another State’s device', BAD, 'EnvelopeHeader', (one) => { one.sender_entity = draw('XBB').slice(0, 16); });
change('to another desk', BAD, 'Link', (one) => { one.recipient_kind = 1; });
change('of another notice', BAD, 'Link', (one) => { one.content_hash = draw('x'); });
change('of another device', BAD, 'Link', (one) => { one.sender_device = key('XAA', 'device', 1).id; });
change('of another plane', BAD, 'Link', (one) => { one.plane = 2; });
change('number 7 with a prev', GOOD, 'Link', (one) => { one.seq = 7; one.prev = draw('x'); });
change('number 7 with a zero prev', GOOD, 'Link', (one) => { one.seq = 7; });
change('number 1 with a prev', GOOD, 'Link', (one) => { one.prev = draw('x'); });
bend('link: by another device', BAD, { signers: only('Link', () => [key('XAA', 'device', 1)]) });

// --- custody, receipts -----------------------------------------------------------------------------------------------
change('from another desk', BAD, 'Custody', (one) => { one.from = { ...one.from, kind: 3n }; });
change('of another plane', BAD, 'Custody', (one) => { one.plane = 2; });
change('of another deposit', BAD, 'Custody', (one) => { one.deposit_hash = draw('x'); });
change('of another ns', BAD, 'Custody', (one) => { one.ns = draw('x'); });
change('of another number', GOOD, 'LaneMark', (one) => { one.seq = 9; }, 1);
change('another head', GOOD, 'LaneMark', (one) => { one.head = draw('x'); }, 1);
change('a day later', GOOD, 'Custody', (one) => { one.received_ms += DAY; });
bend('custody: both a day later, after the release ended', GOOD, { message: 'Release', change: (one) => { one.not_after_ms = one.released_ms; } });
const ACK = 2;
change('wrong check word', BAD, 'Receipt', (one) => { one.check_word = 'ZZZZ'; }, ACK);
change('no check word', BAD, 'Receipt', (one) => { delete one.check_word; }, ACK);
change('disposition that nobody knows', GOOD, 'Receipt', (one) => { one.disposition = 99; }, ACK);
change('another reservation hash', BAD, 'Receipt', (one) => { one.reservation_hash = draw('x'); }, ACK);
change('another reservation id', GOOD, 'Receipt', (one) => { one.reservation_id = 8; }, ACK);
change('reservation 1 with other texts', BAD, 'Receipt', (one) => { one.reservation_id = 1; }, ACK);
change('views on it', BAD, 'Receipt', (one) => { one.views = [{ relay: draw('x').slice(0, 16), seq: 1, head: draw('y') }]; }, ACK);
change('a reply is expected', GOOD, 'Receipt', (one) => { one.reply_expected_ms = NOW + DAY; }, ACK);
change('OPENED with a reply expected', BAD, 'Receipt', (one) => { one.reply_expected_ms = NOW + DAY; }, 1);
change('OPENED with a note', BAD, 'Receipt', (one) => { one.note = 'x'; }, 1);
change('about a service statement', BAD, 'Receipt', (one) => { one.about = 2; }, ACK);
change('about another deposit', BAD, 'Receipt', (one) => { one.deposit_hash = draw('x'); });
change('about other content', BAD, 'Receipt', (one) => { one.content_hash = draw('x'); });
change('to another device', BAD, 'Receipt', (one) => { one.to_device = key('XAA', 'device', 1).id; });
change('by another desk kind', BAD, 'Receipt', (one) => { one.by_kind = 1; });
change('earlier than the notice', GOOD, 'Receipt', (one) => { one.at_ms = NOW - DAY; });
change('of another prev_receipt', GOOD, 'Receipt', (one) => { one.prev_receipt = draw('x'); });
change('CANCEL_SEEN', GOOD, 'Receipt', (one) => { one.kind = 7; }, 1);
change('NONDELIVERED with reason', GOOD, 'Receipt', (one) => { one.kind = 6; one.reason = 8; one.views = []; });
change('NONDELIVERED without content_hash', GOOD, 'Receipt', (one) => { one.kind = 6; one.reason = 8; one.views = []; delete one.content_hash; });
change('NONDELIVERED without reason', BAD, 'Receipt', (one) => { one.kind = 6; one.views = []; });
change('UNREADABLE', GOOD, 'Receipt', (one) => { one.kind = 8; one.views = []; });
change('UNREADABLE with reason', BAD, 'Receipt', (one) => { one.kind = 8; one.views = []; one.reason = 8; });
change('REFUSED with reason', FINE, 'Receipt', (one) => { Object.assign(one, { kind: 5, reason: 16 }); for (const name of ['disposition', 'check_word',
  'reservation_id', 'reservation_hash']) delete one[name]; }, ACK);
change('REFUSED with a reason that nobody knows', FINE, 'Receipt', (one) => { Object.assign(one, { kind: 5, reason: 99 }); for (const name of ['disposition',
  'check_word', 'reservation_id', 'reservation_hash']) delete one[name]; }, ACK);
change('REFUSED with a check word', BAD, 'Receipt', (one) => { Object.assign(one, { kind: 5, reason: 16 }); for (const name of ['disposition',
  'reservation_id', 'reservation_hash']) delete one[name]; }, ACK);
bend('receipt: device alone', BAD, { signers: only('Receipt', (signers) => signers.slice(0, 1)) });
bend('receipt: officer first', BAD, { signers: only('Receipt', (signers) => [...signers].reverse()) });
bend('receipt: under another plane', BAD, { label: (name, type) => name === 'Receipt' ? label('receipt', 2) : type });
bend('receipt: by the other device of the desk', BAD, { signers: only('Receipt', (signers) => [key('XBB', 'device', 1), ...signers.slice(1)]) });

// --- the manifest and the records ------------------------------------------------------------------------------------
change('by a device without certificate', BAD, 'BundleManifest', (one) => { one.by_device = key('stranger').id; });
change('of plane TEST', BAD, 'BundleManifest', (one) => { one.plane = 3; });
change('names another notice', GOOD, 'BundleManifest', (one) => { one.notices = [draw('x')]; });
change('names one notice more', GOOD, 'BundleManifest', (one) => { one.notices = [...one.notices, draw('x')]; });
change('one hash wrong', BAD, 'BundleManifest', (one) => { one.records = [...one.records.slice(0, -1), draw('x')]; });
change('one hash less', BAD, 'BundleManifest', (one) => { one.records = one.records.slice(0, -1); });
change('of another ns', BAD, 'BundleManifest', (one) => { one.ns = draw('x'); });
bend('manifest: signed by an officer in the device’s name', BAD, { signers: only('BundleManifest', () => [{ ...key('XAA', 'officer', 0), id: key('XAA', 'device', 0).id }]) });
bend('manifest: by an officer', BAD, { message: 'BundleManifest', change: (one) => { one.by_device = key('XAA', 'officer', 0).id; },
  signers: only('BundleManifest', () => [key('XAA', 'officer', 0)]) });
bend('manifest: two signatures', BAD, { signers: only('BundleManifest', (signers) => [...signers, key('XAA', 'device', 1)]) });

const at = (records, type, nth = 0) => records.map((record, i) => [record, i]).filter(([record]) => record.type === type)[nth][1];
const spliced = (list, ...how) => { const copy = [...list]; copy.splice(...how); return copy; }; // toSpliced() is not in Node 18
const without = (type, nth) => (records) => spliced(records, at(records, type, nth), 1);
const extra = (type, octets, before = 10) => (records, world) =>
  spliced(records, at(records, before), 0, { type, octets: typeof octets === 'function' ? octets(world) : octets });
edit('no root', BAD, without(1));
edit('no directory', BAD, without(2));
edit('no timestamp', BAD, without(3));
edit('no national root of the recipient', BAD, without(4, 1));
edit('no certificate of the author', BAD, without(5, 2));
edit('no certificate of the sending device', BAD, without(5, 0));
edit('no certificate of the acknowledging officer', BAD, without(5, 5));
edit('no file key: the text is not judged', GOOD, without(11));
edit('no link', GOOD, without(12));
edit('neither file key nor link', GOOD, (records) => without(12)(without(11)(records)));
bend('records: no file key; a receipt about a service statement', GOOD, { message: 'Receipt', change: (one) => { one.about = 2; }, edit: without(11) });
edit('first without file key and link, then with both', GOOD, (records) =>
  spliced(records, at(records, 10), 0, records[at(records, 10)]));
edit('one custody only', GOOD, without(13));
edit('no custody', GOOD, (records) => without(13)(without(13)(records)));
edit('the first custody twice', GOOD, (records) => spliced(without(13, 1)(records), at(records, 13), 0, records[at(records, 13)]));
edit('no reservation texts', GOOD, without(20));
edit('reservation texts twice', GOOD, extra(20, join7('en\0Other.\0')));
edit('reservation texts with a bit flipped', BAD, (records) => records.map((one) => one.type === 20 ? { ...one, octets: flipped(one.octets, 9) } : one));
edit('reservation texts of three octets', BAD, (records) => records.map((one) => one.type === 20 ? { ...one, octets: text('abc') } : one));
edit('no receipts', FINE, (records) => records.filter(({ type }) => type !== 22));
edit('a receipt twice', GOOD, (records) => spliced(records, at(records, 22), 0, records[at(records, 22)]));
edit('a second root', GOOD, extra(1, text('no root at all')));
edit('a second root in front', BAD, (records) => [{ type: 1, octets: text('no root at all') }, ...records]);
edit('a second national root of one State', BAD, (records) => spliced(records, 3, 0, records[at(records, 4)]));
edit('a certificate twice', GOOD, (records) => spliced(records, at(records, 5), 0, records[at(records, 5)]));
const newerRoster = (world) => {
  const [xaa] = world.states, roster = { ...read('NationalRoster', xaa.roster.body), version: 4n };
  const body = write('NationalRoster', roster), sigs = xaa.signers.slice(1).map((one) => ({ key_id: one.id, sig: sign(one.seed, 'hotline/v1/national-roster', body) }));
  return write('CertProof', { roster: { body, sigs }, cert: xaa.certs[0], index: 0, proof: treePath(xaa.certs, 0) });
};
edit('a certificate by a newer roster too', BAD, extra(5, newerRoster));
edit('the documents behind the envelope', GOOD, (records) => [...records.filter(({ type }) => type >= 10), ...records.filter(({ type }) => type < 10)]);
edit('the receipts in front of the envelope', GOOD, (records) => [...records.filter(({ type }) => type >= 20), ...records.filter(({ type }) => type < 20)]);
edit('the envelope twice', GOOD, (records) => [...records, ...records.filter(({ type }) => type >= 10 && type <= 13)]);
edit('a custody in front of the envelope', BAD, (records) => [records[at(records, 13)], ...without(13)(records)]);
edit('a link in front of the envelope', BAD, (records) => [records[at(records, 12)], ...without(12)(records)]);
edit('two links', BAD, (records) => spliced(records, at(records, 12), 0, records[at(records, 12)]));
edit('a file key behind the link', BAD, (records) => { const key11 = records[at(records, 11)]; return spliced(without(11)(records), at(records, 13) - 1, 0, key11); });
edit('another file key', BAD, (records) => records.map((one) => one.type === 11 ? { ...one, octets: draw('x') } : one));
edit('a file key of 31 octets', BAD, (records) => records.map((one) => one.type === 11 ? { ...one, octets: draw('x').slice(1) } : one));
for (const type of [14, 15, 16, 17, 18, 21, 23]) edit(`a reserved record ${type}`, GOOD, extra(type, text('anything')));
for (const type of [0, 7, 9, 24, 98, 100, 0xffffffff]) edit(`an unknown record ${type}`, BAD, extra(type, text('anything')));
const reject = (how = {}, signer = key('XBB', 'device', 0)) => (world) => world.signed('Reject', { ns: world.ns, relay: world.relays[0].id,
  deposit_hash: world.envelope.deposit, step: 4, by_entity: draw('XBB').slice(0, 16), by_device: key('XBB', 'device', 0).id, at_ms: NOW, ...how },
'hotline/v1/reject', [signer]).octets;
edit('a Reject of the deposit', GOOD, extra(19, reject()));
edit('a Reject of another deposit, no receipts', FINE, (records, world) =>
  extra(19, reject({ deposit_hash: draw('x') }))(records, world).filter(({ type }) => type !== 22));
edit('a Reject, no receipts', GOOD, (records, world) => extra(19, reject())(records, world).filter(({ type }) => type !== 22));
edit('no envelope at all', BAD, (records) => records.filter(({ type }) => type < 10 || type === 20));
edit('no file key, no receipts', GOOD, (records) => without(11)(records).filter(({ type }) => type !== 22));
edit('no custody, no receipts', GOOD, (records) => records.filter(({ type }) => type !== 22 && type !== 13));
edit('a Reject signed by another', BAD, extra(19, reject({}, key('XBB', 'device', 1))));
edit('a Reject that is none', BAD, extra(19, text('anything')));

// --- marks, where no receipt adds a remark of its own -------------------------------------------------------------------
const noReceipts = (records) => records.filter(({ type }) => type !== 22);
const mark = (name, result, message, run, at = 0, more = {}) => bend(`mark: ${name}`, result, { message, at, change: run, edit: noReceipts, ...more });
mark('none', FINE, 'Nothing', () => {});
mark('two terminals are wanted and there', FINE, 'NationalRoster', (one) => { one.release_devices_min = 2; });
mark('two terminals are wanted, one is there', GOOD, 'NationalRoster', (one) => { one.release_devices_min = 2; }, 0, { releaserDevice: 0 });
mark('one terminal is enough', FINE, 'Nothing', () => {}, 0, { releaserDevice: 0 });
mark('three persons are wanted', GOOD, 'ReleaseRule', (one) => { one.persons_min = 3; }, 3);
mark('three persons are wanted for IMMEDIATE', FINE, 'ReleaseRule', (one) => { one.persons_min = 3; }, 2);
mark('released 300 s before it was drafted', FINE, 'Release', (one) => { one.released_ms = NOW - 300000n; });
mark('released 300 s and 1 ms before it was drafted', GOOD, 'Release', (one) => { one.released_ms = NOW - 300001n; });
mark('custody in the last ms of the release', FINE, 'Release', (one) => { one.not_after_ms = NOW + 2000n; });
mark('custody in the ms after the release', GOOD, 'Release', (one) => { one.not_after_ms = NOW + 1999n; });

// --- revoked keys ----------------------------------------------------------------------------------------------------
const revocation = (code, one, since, { signers, at: when, serial = 1 } = {}) => (world) => [[6, world.signed('Revocation', { ns: world.ns,
  entity: draw(code).slice(0, 16), key_id: one.id, cert_serial: serial, invalid_since_ms: since, reason: 2, at_ms: when ?? NOW + DAY },
'hotline/v1/revocation', signers ?? [1, 2].map((i) => key(code, 'national', i))).octets]];
const revoked = (name, result, code, one, since, how, more = {}) => bend(`revoked: ${name}`, result, { records: revocation(code, one, since, how), ...more });
const AUTHOR = key('XAA', 'officer', 0), DEVICE = key('XAA', 'device', 0), ACKING = key('XBB', 'officer', 0), STAMP = NOW + 2001n;
revoked('the author, later', GOOD, 'XAA', AUTHOR, NOW + DAY, { serial: 10 });
revoked('the author, before', BAD, 'XAA', AUTHOR, NOW - DAY, { serial: 10 });
revoked('the author, in the ms of the later stamp', BAD, 'XAA', AUTHOR, STAMP, { serial: 10 });
revoked('the author, in the ms after it', GOOD, 'XAA', AUTHOR, STAMP + 1n, { serial: 10 });
revoked('the author, later, one operator', BAD, 'XAA', AUTHOR, NOW + DAY, { serial: 10 }, { edit: without(13) });
revoked('the author, later, no custody', BAD, 'XAA', AUTHOR, NOW + DAY, { serial: 10 }, { edit: (records) => without(13)(without(13)(records)) });
revoked('the author, another serial', GOOD, 'XAA', AUTHOR, NOW - DAY, { serial: 77 });
revoked('the sending device, before', BAD, 'XAA', DEVICE, NOW - DAY);
revoked('the sending device, later', GOOD, 'XAA', DEVICE, NOW + DAY);
revoked('the exporting device, in the ms after its export', GOOD, 'XAA', DEVICE, NOW + 60001n, {}, { edit: noReceipts });
revoked('the exporting device, in the ms of its export', BAD, 'XAA', DEVICE, NOW + 60000n, {}, { edit: noReceipts });
revoked('a device that did not export, later', FINE, 'XAA', key('XAA', 'device', 1), NOW + DAY, { serial: 2 }, { edit: noReceipts });
revoked('the acknowledging officer, before', BAD, 'XBB', ACKING, NOW - DAY, { serial: 10 });
revoked('the acknowledging officer, later', BAD, 'XBB', ACKING, NOW + DAY, { serial: 10 });
const carried = { isCarried: true };
bend('carried: the acknowledgement has its own envelope', GOOD, carried);
bend('carried: by another device than signed it', BAD, { ...carried, message: 'EnvelopeHeader', at: 1, change: (one) => { one.sender_device = key('XBB', 'device', 1).id; } });
bend('carried: custody of one relay is of another deposit', BAD, { ...carried, message: 'Custody', at: 2, change: (one) => { one.deposit_hash = draw('x'); } });
revoked('the acknowledging officer, later, and its envelope is there', GOOD, 'XBB', ACKING, NOW + DAY, { serial: 10 }, carried);
revoked('the acknowledging officer, before, and its envelope is there', BAD, 'XBB', ACKING, NOW - DAY, { serial: 10 }, carried);
revoked('by one national key', BAD, 'XAA', AUTHOR, NOW - DAY, { serial: 10, signers: [key('XAA', 'national', 0)] });
revoked('by itself', BAD, 'XAA', DEVICE, NOW - DAY, { signers: [DEVICE], at: NOW - DAY });
revoked('by itself, backdated', BAD, 'XAA', DEVICE, NOW + DAY, { signers: [DEVICE], at: NOW + 2n * DAY });
revoked('by another key of the State', BAD, 'XAA', DEVICE, NOW + DAY, { signers: [AUTHOR], at: NOW + DAY });
revoked('by the other State', BAD, 'XAA', DEVICE, NOW + DAY, { signers: [0, 1].map((i) => key('XBB', 'national', i)) });
const OWN = key('XAA', 'device', 1), STRANGERS = [0, 1, 2, 3, 4, 5, 6].map((i) => key('stranger', i)), NATIONAL = [1, 2].map((i) => key('XAA', 'national', i));
revoked('by itself beside one national key', GOOD, 'XAA', OWN, NOW + DAY, { serial: 2, signers: [NATIONAL[0], OWN] });
revoked('by itself beside one national key, backdated', BAD, 'XAA', OWN, NOW + DAY, { serial: 2, signers: [NATIONAL[0], OWN], at: NOW + 2n * DAY });
revoked('by itself beside two national keys, reaching back', GOOD, 'XAA', OWN, NOW + DAY, { serial: 2, signers: [...NATIONAL, OWN], at: NOW + 2n * DAY });
revoked('by itself, another serial', BAD, 'XAA', OWN, NOW + DAY, { serial: 77, signers: [OWN] });
revoked('by eight keys', GOOD, 'XAA', OWN, NOW + DAY, { serial: 2, signers: [...NATIONAL, ...STRANGERS.slice(1)] });
revoked('by nine keys', BAD, 'XAA', OWN, NOW + DAY, { serial: 2, signers: [...NATIONAL, ...STRANGERS] });
revoked('from after it was made', BAD, 'XAA', OWN, NOW + DAY, { serial: 2, at: NOW });
revoked('an unknown key', GOOD, 'XAA', key('stranger'), NOW - DAY);

function join7(texts) { return Uint8Array.from([...u32be(7), ...text(texts)]); }
export { bends };
