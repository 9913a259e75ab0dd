/* Flip bits of a key's constants and of the kernel's intermediates: nothing but the right signature may come out.
 *
 * The key comes on standard input.  Arguments: flip every STEPth bit of the constants; how many intermediates.
 * Prints what happened, one line of name=number pairs for each kind of fault.
 *
 * With `selftest MASK` for arguments: break m1 in these lanes, always, and print what fj_kernel says.
 * With `again MASK`: break m1 in these lanes, and have libcrypto sign with another key what it signs; print the lanes
 * that have a right signature, and those that have none. */
#include <openssl/bn.h>

#include "count.h"
#include "given.h"
#include "key.h"
#include "rsa.h"

enum { LEN = FJ_RSA52_MAX_BYTES };

/* The points at which bits are flipped, and how many times the kernel comes by in one batch of each form. */
static const char *const POINTS[] = {"message", "table", "y", "m1", "m2", "h", "combined", "signature"};
enum { POINT_COUNT = sizeof POINTS / sizeof *POINTS };

static struct {
    const char *point; /* NULL: look, and flip nothing */
    unsigned visit;    /* which of the visits to the point */
    uint64_t random;
    unsigned lane; /* out */
    int flipped;   /* out */
} plan;
static unsigned visits[POINT_COUNT];
static unsigned broken; /* lanes whose m1 is wrong each time */

void fj_test_point(const char *name, void *memory, size_t len) {
    uint64_t(*const limbs)[FJ_LANES] = memory;
    const size_t count = len / sizeof *limbs;
    for (size_t i = 0; i < POINT_COUNT; i++) {
        if (strcmp(name, POINTS[i]) != 0) {
            continue;
        }
        for (unsigned l = 0; l < FJ_LANES && strcmp(name, "m1") == 0; l++) {
            limbs[0][l] ^= broken >> l & 1;
        }
        if (plan.point == POINTS[i] && visits[i] == plan.visit) {
            plan.lane = plan.random % FJ_LANES;
            /* Bits from 52 up of a limb are rubbish where a product follows, and those of a top limb are zero. */
            limbs[plan.random / FJ_LANES % count][plan.lane] ^= UINT64_C(1) << (plan.random >> 32) % 52;
            plan.flipped = 1;
        }
        visits[i]++;
        return;
    }
}

/* --- A key, and what it signs ---------------------------------------------------------------------------------------- */

static fj_key *key;
static struct fj_context *context;
static uint8_t digests[FJ_LANES][FJ_SHA256_LEN];
static uint8_t right[FJ_LANES][LEN];
static BIGNUM *modulus;

struct tally {
    unsigned long injected, redone, harmless, escaped, strays;
};

/* Sign `count` digests; add up what became of the fault.  Lanes in `hit` may be redone, and no other. */
static void sign_under_fault(struct tally *tally, size_t count, unsigned (*hit)(size_t count)) {
    uint8_t made[FJ_LANES][LEN];
    uint8_t *signatures[FJ_LANES];
    enum fj_status status[FJ_LANES];
    const size_t len = fj_key_signature_len(key);
    const uint64_t redone_before = fj_count(FJ_COUNT_IFMA_REDONE);
    const uint64_t openssl_before = fj_count(FJ_COUNT_OPENSSL_SIGN);
    for (size_t l = 0; l < count; l++) {
        signatures[l] = made[l];
    }
    fj_rsa_sign_many(status, context, key, signatures, (const uint8_t(*)[FJ_SHA256_LEN])digests, count);
    const unsigned redone = (unsigned)(fj_count(FJ_COUNT_IFMA_REDONE) - redone_before);
    tally->injected++;
    for (size_t l = 0; l < count; l++) {
        if (status[l] != FJ_OK || memcmp(made[l], right[l], len) != 0) {
            tally->escaped++;
        }
    }
    if (redone == 0) {
        tally->harmless++;
    } else {
        tally->redone++;
    }
    if (redone > hit(count) || redone != fj_count(FJ_COUNT_OPENSSL_SIGN) - openssl_before) {
        tally->strays++;
    }
}

static unsigned all_lanes(size_t count) {
    return (unsigned)count;
}

/* One lane: an idle one (its signature goes nowhere) or one that counts.  Few tokens have two lanes each, side by side, in
 * the exponentiation, and elsewhere those of the first half. */
static unsigned one_lane(size_t count) {
    const int doubled = strcmp(plan.point, "table") == 0 || strcmp(plan.point, "y") == 0;
    const size_t token = count > FJ_LANES / 2 ? plan.lane
                         : doubled            ? plan.lane / 2
                                              : plan.lane % (FJ_LANES / 2);
    return token < count ? 1 : 0;
}

static void show(const char *what, const struct tally *tally) {
    printf("%s injected=%lu redone=%lu harmless=%lu escaped=%lu strays=%lu\n", what, tally->injected,
           tally->redone, tally->harmless, tally->escaped, tally->strays);
}

/* Flip each STEPth bit of `len` bytes, and back. */
static void flip_constant(const char *what, void *constant, size_t len, unsigned long step) {
    struct tally tally = {0, 0, 0, 0, 0};
    uint8_t *const bytes = constant;
    for (size_t bit = (size_t)(bytes[0] % step); bit < 8 * len; bit += step) {
        if (bit % 64 >= 52 && strncmp(what, "d", 1) != 0) {
            continue; /* a limb has 52 bits */
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        sign_under_fault(&tally, 2 + bit % 3, all_lanes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    show(what, &tally);
}

/* What a fault would give away: without the check, gcd(s^e - EM, n) is a factor.  Prints how often it was. */
static void without_the_check(unsigned long count, uint64_t *random) {
    unsigned long factored = 0;
    BN_CTX *const ctx = BN_CTX_new();
    BIGNUM *const s = BN_new();
    BIGNUM *const good = BN_new();
    for (unsigned long i = 0; i < count; i++) {
        uint8_t made[FJ_LANES][LEN];
        uint8_t *signatures[FJ_LANES];
        const uint8_t *at[FJ_LANES];
        for (int l = 0; l < FJ_LANES; l++) {
            signatures[l] = made[l];
            at[l] = digests[l];
        }
        memset(visits, 0, sizeof visits);
        plan.point = POINTS[3];
        plan.visit = 0;
        plan.random = next_random(random);
        fj_ifma_sign(signatures, fj_key_private52(key), fj_key_public52(key), context->blinding, at, FJ_LANES,
                     context->workspace);
        /* s differs from the right one modulo p alone, and s^e - EM vanishes where s - right does. */
        const int len = (int)fj_key_signature_len(key);
        if (BN_bin2bn(made[plan.lane], len, s) != NULL && BN_bin2bn(right[plan.lane], len, good) != NULL &&
            BN_sub(s, s, good) == 1 && BN_gcd(s, s, modulus, ctx) == 1 && !BN_is_one(s) &&
            BN_cmp(s, modulus) != 0) {
            factored++;
        }
    }
    plan.point = NULL;
    printf("unchecked injected=%lu factored=%lu\n", count, factored);
    BN_free(s);
    BN_free(good);
    BN_CTX_free(ctx);
}

/* The kernel is wrong in these lanes, and libcrypto wrong in all. */
static void sign_again_wrongly(unsigned lanes) {
    uint8_t made[FJ_LANES][LEN];
    uint8_t *signatures[FJ_LANES];
    enum fj_status status[FJ_LANES];
    enum fj_status why = FJ_OK;
    int generated = FJ_OK;
    unsigned good = 0;
    unsigned none = 0;
    const uint8_t zeros[LEN] = {0};
    const size_t len = fj_key_signature_len(key);
    fj_key *const other = fj_key_generate(&generated, 2048);
    struct fj_context *const others = other != NULL ? fj_key_borrow(other, &why) : NULL;
    if (others == NULL) {
        fail("no other key");
    }
    for (int l = 0; l < FJ_LANES; l++) {
        signatures[l] = made[l];
    }
    EVP_PKEY_CTX *const own = context->sign;
    context->sign = others->sign;
    broken = lanes;
    fj_rsa_sign_many(status, context, key, signatures, (const uint8_t(*)[FJ_SHA256_LEN])digests, FJ_LANES);
    broken = 0;
    context->sign = own;
    for (unsigned l = 0; l < FJ_LANES; l++) {
        if (status[l] == FJ_OK && memcmp(made[l], right[l], len) == 0) {
            good |= 1u << l;
        }
        if (status[l] != FJ_OK && memcmp(made[l], zeros, len) == 0) {
            none |= 1u << l;
        }
    }
    printf("good=%u none=%u broken=%d\n", good, none, context->broken);
    fj_key_return(other, others);
    fj_key_release(other);
}

int main(int argc, char **argv) {
    static struct given_key given;
    int loaded = FJ_OK;
    enum fj_status status = FJ_OK;
    uint64_t random = 42;
    if (argc != 3 || fj_init() != FJ_OK) {
        fail("two arguments are needed, and libcrypto");
    }
    if (strcmp(argv[1], "selftest") == 0) {
        broken = (unsigned)strtoul(argv[2], NULL, 10);
        printf("kernel=%d\n", fj_kernel());
        return 0;
    }
    const int again = strcmp(argv[1], "again") == 0;
    const unsigned long step = strtoul(argv[1], NULL, 10);
    const unsigned long count = strtoul(argv[2], NULL, 10);
    given_key(&given);
    key = fj_key_private(&loaded, given.parts, FJ_ENGINE_IFMA);
    context = key != NULL ? fj_key_borrow(key, &status) : NULL;
    if (context == NULL || fj_key_private52(key) == NULL) {
        fail("the kernel does not take the key");
    }
    modulus = BN_bin2bn(given.parts[FJ_PART_N].data, (int)given.parts[FJ_PART_N].len, NULL);
    for (int l = 0; l < FJ_LANES; l++) {
        memset(digests[l], 31 * l + 7, FJ_SHA256_LEN);
        if (fj_openssl_sign(context, right[l], fj_key_signature_len(key), digests[l]) != FJ_OK) {
            fail("libcrypto does not sign");
        }
    }

    if (again) {
        sign_again_wrongly((unsigned)count);
        return 0;
    }

    struct fj_private52 *const constants = (struct fj_private52 *)(uintptr_t)fj_key_private52(key);
    const size_t half = fj_key_public52(key)->limbs / 2 * sizeof(uint64_t);
    const size_t exponent_len = fj_key_public52(key)->bytes / 2;
    flip_constant("p", constants->p.p, half, step);
    flip_constant("q", constants->q.p, half, step);
    flip_constant("dp", constants->p.exponent, exponent_len, step);
    flip_constant("dq", constants->q.exponent, exponent_len, step);
    flip_constant("q_inverse", constants->q_inverse, half, step);
    flip_constant("k0_p", &constants->p.k0, sizeof constants->p.k0, step);
    flip_constant("k0_q", &constants->q.k0, sizeof constants->q.k0, step);
    flip_constant("one", constants->p.one, half, step);
    flip_constant("r_squared", constants->q.r_squared, half, step);
    flip_constant("r_cubed", constants->p.r_cubed, half, step);

    struct tally tally[POINT_COUNT] = {{0, 0, 0, 0, 0}};
    for (unsigned long i = 0; i < count; i++) {
        const size_t point = i % POINT_COUNT;
        /* Mostly full batches, some of up to four with p and q side by side. */
        const size_t tokens = i / POINT_COUNT % 4 == 0 ? 1 + 1 + i / 32 % 3 : 5 + i / 32 % 4;
        const unsigned rounds = tokens > FJ_LANES / 2 ? 2 : 1; /* exponentiations */
        const unsigned windows = 2 * (unsigned)exponent_len - 1;
        plan.random = next_random(&random);
        plan.visit = strcmp(POINTS[point], "y") == 0 ? (unsigned)(next_random(&random) % (rounds * windows))
                     : strcmp(POINTS[point], "table") == 0 ? (unsigned)(next_random(&random) % rounds)
                                                           : 0;
        plan.point = POINTS[point];
        plan.flipped = 0;
        memset(visits, 0, sizeof visits);
        sign_under_fault(&tally[point], tokens, one_lane);
        if (!plan.flipped) {
            fail("a fault was planned where the kernel does not come by");
        }
    }
    plan.point = NULL;
    for (size_t i = 0; i < POINT_COUNT; i++) {
        show(POINTS[i], &tally[i]);
    }
    without_the_check(count / 100 + 8, &random);
    BN_free(modulus);
    fj_key_return(key, context);
    fj_key_release(key);
    fj_shutdown();
    return 0;
}
