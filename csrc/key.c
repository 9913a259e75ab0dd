#include "key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "f4.h"
#include "fork.h"
#include "key52.h"
#include "openssl.h"
#include "secret.h"

enum {
    PARTS = FJ_PART_SECRET + 1,
    IDLE_CONTEXTS = 64 /* kept per key; more threads than this at once make and free theirs each time */
};

struct fj_key {
    atomic_uint holders;
    enum fj_key_kind kind;
    size_t signature_len;
    /* All parts of the key, one after another in one piece of memory: secret memory unless the key is public. */
    uint8_t *memory;
    size_t memory_len;
    struct fj_octets parts[PARTS];
    struct fj_public52 *public52;   /* where the kernel works with the key */
    struct fj_private52 *private52; /* in secret memory */
    _Atomic(struct fj_context *) idle[IDLE_CONTEXTS];
};

/* --- Making and freeing ---------------------------------------------------------------------------------------------- */

static struct fj_octets without_leading_zeros(struct fj_octets octets) {
    while (octets.len > 0 && octets.data[0] == 0) {
        octets.data++;
        octets.len--;
    }
    return octets;
}

/* Copy parts[0 .. count-1] as the parts from `from` on of a new key with one holder.  The lengths of numbers are not
 * secret: they follow from the modulus.  NULL: no memory. */
static fj_key *key_new(enum fj_key_kind kind, int from, const struct fj_octets *parts, int count) {
    fj_key *const key = calloc(1, sizeof *key);
    if (key == NULL) {
        return NULL;
    }
    key->kind = kind;
    atomic_init(&key->holders, 1);
    key->memory_len = 1; /* so that it is never empty */
    for (int i = 0; i < count; i++) {
        if (parts[i].len > SIZE_MAX / 2 - key->memory_len) {
            free(key);
            return NULL;
        }
        key->memory_len += parts[i].len;
    }
    key->memory = kind == FJ_KEY_PUBLIC ? malloc(key->memory_len) : fj_secret_new(key->memory_len);
    if (key->memory == NULL) {
        free(key);
        return NULL;
    }
    uint8_t *at = key->memory;
    for (int i = 0; i < count; i++) {
        if (parts[i].len > 0) {
            memcpy(at, parts[i].data, parts[i].len);
        }
        key->parts[from + i] = (struct fj_octets){at, parts[i].len};
        at += parts[i].len;
    }
    return key;
}

/* Blinding and workspace of the kernel lie on pages of their own, the workspace on a boundary of 64 bytes. */
enum { BLINDING_LEN = (sizeof(struct fj_blinding52) + 63) / 64 * 64 };

static size_t kernel_memory_len(void) {
#if defined(__x86_64__)
    return BLINDING_LEN + fj_ifma_workspace_len();
#else
    return 1;
#endif
}

static void context_free(struct fj_context *context) {
    if (context == NULL) {
        return;
    }
    EVP_PKEY_CTX_free(context->sign);
    EVP_PKEY_CTX_free(context->verify);
    fj_f4_free(context->f4);
    EVP_PKEY_free(context->pkey); /* clears private numbers (BN_clear_free) */
    EVP_MAC_CTX_free(context->mac);
    EVP_MD_CTX_free(context->digest);
    fj_secret_free((uint8_t *)context->blinding, kernel_memory_len());
    free(context);
}

/* Free a context where no fork is held off yet: libcrypto takes a lock that all keys of the process share. */
static void context_drop(struct fj_context *context) {
    if (context != NULL) {
        fj_fork_hold_off();
        context_free(context);
        fj_fork_let();
    }
}

fj_key *fj_key_retain(fj_key *key) {
    atomic_fetch_add_explicit(&key->holders, 1, memory_order_relaxed);
    return key;
}

void fj_key_release(fj_key *key) {
    if (key == NULL || atomic_fetch_sub_explicit(&key->holders, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (int i = 0; i < IDLE_CONTEXTS; i++) {
        context_drop(atomic_load(&key->idle[i]));
    }
    if (key->kind == FJ_KEY_PUBLIC) {
        free(key->memory);
    } else {
        fj_secret_free(key->memory, key->memory_len);
    }
    free(key->public52);
    fj_secret_free((uint8_t *)key->private52, sizeof *key->private52);
    free(key);
}

enum fj_key_kind fj_key_kind(const fj_key *key) {
    return key->kind;
}

size_t fj_key_signature_len(const fj_key *key) {
    return key->signature_len;
}

const struct fj_public52 *fj_key_public52(const fj_key *key) {
    return key->public52;
}

const struct fj_private52 *fj_key_private52(const fj_key *key) {
    return key->private52;
}

size_t fj_key_export(const fj_key *key, uint8_t *out, int part) {
    if (part < 0 || part >= PARTS) {
        return 0;
    }
    const struct fj_octets octets = key->parts[part];
    if (out != NULL && octets.len > 0) {
        memcpy(out, octets.data, octets.len);
        fj_secret_forget_registers();
    }
    return octets.len;
}

/* --- Contexts -------------------------------------------------------------------------------------------------------- */

const char *const fj_key_parameters[FJ_KEY_RSA_PARTS] = {
    [FJ_PART_N] = OSSL_PKEY_PARAM_RSA_N,          [FJ_PART_E] = OSSL_PKEY_PARAM_RSA_E,
    [FJ_PART_D] = OSSL_PKEY_PARAM_RSA_D,          [FJ_PART_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [FJ_PART_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,    [FJ_PART_DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [FJ_PART_DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [FJ_PART_QI] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

static EVP_PKEY *pkey_from_params(OSSL_PARAM *params, int selection) {
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
        if (EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1) {
            pkey = NULL;
        }
    }
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* Parse the key's numbers into a fresh EVP_PKEY. */
static EVP_PKEY *pkey_new(const fj_key *key) {
    EVP_PKEY *pkey = NULL;
    BIGNUM *numbers[FJ_KEY_RSA_PARTS] = {NULL};
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *const builder = OSSL_PARAM_BLD_new();
    int complete = builder != NULL;
    for (int i = 0; complete && i < FJ_KEY_RSA_PARTS; i++) {
        const struct fj_octets part = key->parts[i];
        if (part.len == 0) {
            continue;
        }
        numbers[i] = BN_bin2bn(part.data, (int)part.len, NULL);
        complete =
            numbers[i] != NULL && OSSL_PARAM_BLD_push_BN(builder, fj_key_parameters[i], numbers[i]) == 1;
    }
    if (complete) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    if (params != NULL) {
        pkey = pkey_from_params(params, key->kind == FJ_KEY_PRIVATE ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
        for (OSSL_PARAM *param = params; param->key != NULL; param++) {
            OPENSSL_cleanse(param->data, param->data_size); /* the library frees them without wiping */
        }
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    for (int i = 0; i < FJ_KEY_RSA_PARTS; i++) {
        BN_clear_free(numbers[i]);
    }
    return pkey;
}

static EVP_PKEY_CTX *operation_new(EVP_PKEY *pkey, int (*init)(EVP_PKEY_CTX *)) {
    EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (ctx != NULL && init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, fj_openssl()->sha256) == 1) {
        return ctx;
    }
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static EVP_MAC_CTX *mac_new(struct fj_octets secret) {
    char sha256[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *const mac = EVP_MAC_CTX_new(fj_openssl()->hmac);
    if (mac != NULL && EVP_MAC_init(mac, secret.data, secret.len, params) == 1) {
        return mac;
    }
    EVP_MAC_CTX_free(mac);
    return NULL;
}

/* Whether libcrypto's arithmetic may take the place of EVP_PKEY_verify: with the usual e, where the kernel does not do it,
 * and unless the site has another provider than the default one do RSA, such as a validated one. */
static int takes_f4(const fj_key *key, const EVP_PKEY *pkey) {
    static const uint8_t F4[] = {1, 0, 1};
    const struct fj_octets n = key->parts[FJ_PART_N];
    const struct fj_octets e = key->parts[FJ_PART_E];
    return key->public52 == NULL && n.len > 0 && e.len == sizeof F4 && memcmp(e.data, F4, sizeof F4) == 0 &&
           (n.data[n.len - 1] & 1) == 1 &&
           strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(pkey)), "default") == 0;
}

static struct fj_context *context_new(const fj_key *key, enum fj_status *status) {
    struct fj_context *const context = calloc(1, sizeof *context);
    if (context == NULL) {
        *status = FJ_NO_MEMORY;
        return NULL;
    }
    context->generation = fj_fork_generation();
    int complete = 0;
    if (key->kind == FJ_KEY_SECRET) {
        context->mac = mac_new(key->parts[FJ_PART_SECRET]);
        complete = context->mac != NULL;
    } else {
        context->digest = EVP_MD_CTX_new();
        context->pkey = pkey_new(key);
        if (context->digest != NULL && context->pkey != NULL) {
            context->verify = operation_new(context->pkey, EVP_PKEY_verify_init);
            complete = context->verify != NULL;
        }
        if (complete && takes_f4(key, context->pkey)) {
            context->f4 = fj_f4_new(key->parts[FJ_PART_N]);
            complete = context->f4 != NULL;
        }
        if (complete && key->kind == FJ_KEY_PRIVATE) {
            context->sign = operation_new(context->pkey, EVP_PKEY_sign_init);
            complete = context->sign != NULL;
        }
        if (complete && key->private52 != NULL) {
            uint8_t *const memory = fj_secret_new(kernel_memory_len());
            complete = memory != NULL;
            if (complete) {
                context->blinding = (struct fj_blinding52 *)(void *)memory;
                context->workspace = memory + BLINDING_LEN;
            }
        }
    }
    if (!complete) {
        *status = fj_openssl_refused();
        context_free(context);
        return NULL;
    }
    return context;
}

/* ERR_clear_error goes over all sixteen places of the queue, which is nearly always empty. */
static void forget_errors(void) {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

struct fj_context *fj_key_borrow(fj_key *key, enum fj_status *status) {
    forget_errors(); /* so that an error in the queue is one of what follows */
    for (int i = 0; i < IDLE_CONTEXTS; i++) {
        /* A look before the exchange keeps threads from pulling the cache line of an empty slot to and fro. */
        if (atomic_load_explicit(&key->idle[i], memory_order_relaxed) == NULL) {
            continue;
        }
        struct fj_context *const context =
            atomic_exchange_explicit(&key->idle[i], NULL, memory_order_acquire);
        if (context == NULL) {
            continue;
        }
        if (context->generation == fj_fork_generation()) {
            return context;
        }
        context_drop(context);
    }
    fj_fork_hold_off();
    struct fj_context *const context = context_new(key, status);
    fj_fork_let();
    return context;
}

void fj_key_return(fj_key *key, struct fj_context *context) {
    forget_errors(); /* libcrypto may have failed at something that it can do without */
    if (key->kind != FJ_KEY_PUBLIC) {
        fj_secret_forget_registers();
    }
    for (int i = 0; i < IDLE_CONTEXTS && !context->broken; i++) {
        struct fj_context *empty = NULL;
        if (atomic_compare_exchange_strong_explicit(&key->idle[i], &empty, context, memory_order_release,
                                                    memory_order_relaxed)) {
            return;
        }
    }
    context_drop(context);
}

enum fj_status fj_context_failed(struct fj_context *context, enum fj_status otherwise) {
    const enum fj_status status = fj_openssl_failed(otherwise);
    context->broken = status != FJ_BAD_SIGNATURE;
    return status;
}

enum fj_status fj_key_blind(const fj_key *key, struct fj_context *context) {
#if defined(__x86_64__)
    fj_fork_hold_off();
    const enum fj_status status =
        fj_key52_blind(context->blinding, key->public52, key->parts[FJ_PART_N], context->workspace);
    fj_fork_let();
    return status;
#else
    (void)key;
    (void)context;
    return FJ_INTERNAL;
#endif
}

/* --- Loading --------------------------------------------------------------------------------------------------------- */

/* Parse the key once, so that what libcrypto cannot take is refused at load.  Returns the key, or NULL. */
static fj_key *key_ready(fj_key *key, int *status) {
    enum fj_status why = FJ_NO_MEMORY;
    struct fj_context *const context = key == NULL ? NULL : fj_key_borrow(key, &why);
    if (context == NULL) {
        *status = (int)why;
        fj_key_release(key);
        return NULL;
    }
    /* Not EVP_PKEY_get_size(), which returns 0 after a failed allocation that nobody was told of. */
    key->signature_len = key->kind != FJ_KEY_SECRET ? key->parts[FJ_PART_N].len : 32;
    fj_key_return(key, context);
    *status = FJ_OK;
    return key;
}

/* Compute the kernel's constants where it takes the key.  1 on success, also where there is nothing to do. */
static int prepare_kernel(fj_key *key, int engine) {
#if defined(__x86_64__)
    const struct fj_octets *const parts = key->parts;
    if (engine != FJ_ENGINE_IFMA || !fj_key52_takes_public(parts[FJ_PART_N], parts[FJ_PART_E])) {
        return 1;
    }
    key->public52 = calloc(1, sizeof *key->public52);
    if (key->public52 == NULL || fj_key52_public(key->public52, parts[FJ_PART_N]) != FJ_OK) {
        return 0;
    }
    if (key->kind == FJ_KEY_PUBLIC ||
        !fj_key52_takes_private(parts[FJ_PART_N], parts[FJ_PART_P], parts[FJ_PART_Q])) {
        return 1;
    }
    key->private52 = (struct fj_private52 *)(void *)fj_secret_new(sizeof *key->private52);
    return key->private52 != NULL && fj_key52_private(key->private52, parts) == FJ_OK;
#else
    (void)key;
    (void)engine;
    return 1;
#endif
}

/* key_ready for an RSA key of an engine. */
static fj_key *rsa_key_ready(fj_key *key, int engine, int *status) {
    fj_fork_hold_off();
    const int prepared = key != NULL && prepare_kernel(key, engine);
    fj_fork_let();
    if (key != NULL && !prepared) {
        fj_key_release(key);
        key = NULL;
    }
    return key_ready(key, status);
}

fj_key *fj_key_public(int *status, struct fj_octets n, struct fj_octets e, int engine) {
    const struct fj_octets parts[] = {without_leading_zeros(n), without_leading_zeros(e)};
    return rsa_key_ready(key_new(FJ_KEY_PUBLIC, FJ_PART_N, parts, 2), engine, status);
}

fj_key *fj_key_untried_private(int *status, const struct fj_octets *parts, int engine) {
    struct fj_octets canonical[FJ_KEY_RSA_PARTS];
    for (int i = 0; i < FJ_KEY_RSA_PARTS; i++) {
        canonical[i] = without_leading_zeros(parts[i]);
    }
    return rsa_key_ready(key_new(FJ_KEY_PRIVATE, FJ_PART_N, canonical, FJ_KEY_RSA_PARTS), engine, status);
}

fj_key *fj_key_secret(int *status, struct fj_octets secret) {
    return key_ready(key_new(FJ_KEY_SECRET, FJ_PART_SECRET, &secret, 1), status);
}
