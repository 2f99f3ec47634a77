/* cmd_fingerprint — digits of a State's national root, to be compared over two channels. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/command.h"
#include "keys/fingerprint.h"
#include "keys/schema.h"

#define FILE_MAX_OCTETS ((size_t)1 << 20)

static const char usage[] =
    "usage: hotline-keys fingerprint [--json] [--federation DIR] FILE|STATE\n"
    "         FILE is a national root document; STATE, as XAA, is looked up in DIR\n";

/* What the digits are of: a State's code or an entity's id in hex. */
struct subject {
    const char *name;
    bool is_sandbox; /* only a folder of documents tells */
};

static void print_json(const struct subject *subject, const struct fingerprint *print)
{
    char hex[2 * HASH_BYTES + 1];

    hex_encode(BYTES_OF(print->hash), hex);
    (void)printf("{\"v\":1,\"type\":\"fingerprint\",\"of\":\"%s\",%s\"hash\":\"%s\",\"groups\":[",
                 subject->name, subject->is_sandbox ? "\"sandbox\":true," : "", hex);
    for (size_t i = 0; i < 12; i++)
        (void)printf("%s\"%s\"", i ? "," : "", print->groups[i]);
    (void)printf("],\"check\":\"%s\"}\n", print->check);
}

static void print_digits(const struct subject *subject, const struct fingerprint *print)
{
    (void)printf("%s%s\n", subject->is_sandbox ? "SANDBOX " : "", subject->name);
    for (size_t i = 0; i < 12; i++)
        (void)printf("%s%s", print->groups[i], i % 4 == 3 ? "\n" : "  ");
    (void)printf(
        "check %s\nRead all groups aloud over two channels; both officers must have the same.\n",
        print->check);
}

static int of_state(const char *folder, const char *code, bool as_json)
{
    AUTO(trust) trust = NULL;
    char reason[160];
    struct fingerprint print;

    int err = trust_load(suite_real(), folder, NULL, NULL, &trust, reason);
    if (err != HL_OK)
        return command_fail(command_code(err),
                            "%s: %s; no fingerprint was made, check --federation", folder,
                            reason[0] ? reason : err_text(err));
    for (size_t i = 0; trust_note(trust, i); i++)
        (void)command_fail(EXIT_DONE, "ALARM: %s", trust_note(trust, i));
    const struct entity *entity = trust_entity_by_code(trust, code);
    if (!entity || entity->national_key_count == 0)
        return command_fail(EXIT_NO,
                            "this State is not in the directory of %s, or has no national root "
                            "there; no fingerprint was made",
                            folder);
    err = fingerprint_make(trust->ns, entity->id, entity->national_threshold,
                           (const uint8_t(*)[32])entity->national_keys, entity->national_key_count,
                           &print);
    if (err != HL_OK)
        return command_fail(command_code(err), "%s: %s; no fingerprint was made", folder,
                            err_text(err));
    const struct subject subject = {entity->code, trust->is_sandbox};
    (as_json ? print_json : print_digits)(&subject, &print);
    return EXIT_DONE;
}

static int print_root(const Hotline__V1__NationalRoot *root, bool as_json)
{
    uint8_t keys[16][32];
    struct fingerprint print;
    char hex[2 * ID_BYTES + 1];

    for (size_t i = 0; i < root->n_keys; i++)
        memcpy(keys[i], root->keys[i].data, 32);
    int err = fingerprint_make(root->ns.data, root->entity.data, root->threshold,
                               (const uint8_t(*)[32])keys, root->n_keys, &print);
    if (err == HL_ENOMEM)
        return command_fail(command_code(err), "%s; no fingerprint was made", err_text(err));
    if (err != HL_OK)
        return command_fail(EXIT_DATA, "the keys of the national root do not ascend; no "
                                       "fingerprint was made");
    hex_encode(BYTES(root->entity.data, ID_BYTES), hex);
    const struct subject subject = {hex, false};
    (as_json ? print_json : print_digits)(&subject, &print);
    return EXIT_DONE;
}

/* The signatures of the document are not judged: the digits are what two officers compare. */
static int of_file(const char *path, bool as_json)
{
    AUTO(blob) file = NULL;
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    int err = file_read(path, FILE_MAX_OCTETS, &file);
    if (err != HL_OK)
        return command_fail(command_code(err), "%s: %s; no fingerprint was made", path,
                            err_text(err));
    err = sign_parse(bytes_blob(file), &object);
    if (err == HL_OK)
        err = strict_unpack(&hotline__v1__national_root__descriptor, &schema_trust,
                            BYTES(object->body.data, object->body.len), &body, NULL);
    int code = err == HL_OK ? print_root((Hotline__V1__NationalRoot *)body, as_json)
                            : command_fail(command_code(err), "%s: no national root document (%s)",
                                           path, err_text(err));
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    if (object)
        hotline__v1__signed__free_unpacked(object, NULL);
    return code;
}

int cmd_fingerprint(int argc, char **argv)
{
    static const struct option list[] = {{"json", no_argument, NULL, 'j'},
                                         {"federation", required_argument, NULL, 'f'},
                                         {"help", no_argument, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    const char *folder = ".";
    bool as_json = false;
    bool is_good = true;
    int option = 0;

    while (is_good && (option = getopt_long(argc, argv, "h", list, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(usage, stdout);
            return EXIT_DONE;
        }
        if (option == 'j')
            as_json = true;
        else if (option == 'f')
            folder = optarg;
        else
            is_good = false;
    }
    if (!is_good || optind + 1 != argc) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return strlen(argv[optind]) == 3 ? of_state(folder, argv[optind], as_json)
                                     : of_file(argv[optind], as_json);
}
