/* The interface between Python and C, read by both compilers: C includes it through fastjwt.h, cffi parses it as it
 * stands (so it holds comments, enums, structs and prototypes, and nothing else).
 *
 * Rules that hold for every function:
 *   - Arguments come in this order: object, outputs, inputs; a length follows its array; counts and flags last.
 *   - Names carry units: _len is bytes, bits is bits, budget_ms is milliseconds.
 *   - Integers of a key are unsigned and big-endian (I2OSP, RFC 8017 section 4.1).
 *   - Inputs are borrowed until the call returns, those of a job until fj_job_release returns.
 *   - After a failure an output is unchanged or zeroed, never half-written.
 *   - OpenSSL's error queue is empty when a function returns.
 */

/* What became of one token.  fastjwt.Status in Python carries the same numbers, and a check at import compares them.
 * The order is the order in which the steps of a verification find fault. */
enum fj_status {
    FJ_OK = 0,
    FJ_NOT_A_STRING = 1,    /* the item is neither str nor bytes (found by Python) */
    FJ_TOO_LONG = 2,        /* longer than max_token_bytes */
    FJ_BAD_SEGMENTS = 3,    /* not three non-empty segments with two dots between them */
    FJ_HEADER_TOO_LONG = 4, /* header segment longer than max_header_bytes */
    FJ_BAD_ALPHABET = 5,    /* a byte outside A-Z a-z 0-9 - _ in a segment */
    FJ_BAD_LENGTH = 6,      /* a segment of 1 modulo 4 characters */
    FJ_BAD_BITS = 7,        /* unused trailing bits of a segment that are not zero */
    FJ_BAD_HEADER = 8,      /* the header's JSON or one of its members (found by Python) */
    FJ_BAD_ALGORITHM = 9,   /* alg unknown, not allowed, or not the key's (found by Python) */
    FJ_KEY_NOT_FOUND = 10,  /* no single key fits kid and alg (found by Python) */
    FJ_BAD_SIGNATURE = 11,  /* well-formed, but not signed by this key */
    FJ_PENDING = 253,       /* split, not verified yet; never leaves the engine */
    FJ_NO_MEMORY = 254,     /* an allocation failed; says nothing of the token */
    FJ_INTERNAL = 255       /* libcrypto failed where it must not; says nothing of the token */
};

enum fj_key_part {
    FJ_PART_N,
    FJ_PART_E,
    FJ_PART_D,
    FJ_PART_P,
    FJ_PART_Q,
    FJ_PART_DP,
    FJ_PART_DQ,
    FJ_PART_QI,
    FJ_PART_SECRET
};

enum fj_counter {
    FJ_COUNT_OPENSSL_SIGN,
    FJ_COUNT_OPENSSL_VERIFY,
    FJ_COUNT_IFMA_SIGN,
    FJ_COUNT_IFMA_VERIFY,
    FJ_COUNT_IFMA_REDONE, /* signatures of the kernel that failed their check and were made again by libcrypto */
    FJ_COUNT_HMAC_SIGN,
    FJ_COUNT_HMAC_VERIFY,
    FJ_COUNTERS
};

enum { FJ_MAX_SIGNATURE_LEN = 2048 /* of 16384 bits, the largest modulus there is here */ };

/* Who works with a key.  With FJ_ENGINE_IFMA the kernel does what it can, and libcrypto the rest. */
enum fj_engine { FJ_ENGINE_OPENSSL, FJ_ENGINE_IFMA };

/* Why the kernel cannot run here. */
enum fj_kernel { FJ_KERNEL_READY, FJ_KERNEL_NO_CPU, FJ_KERNEL_WRONG };

/* --- The library ------------------------------------------------------------------------------------------------- */

/* Prepare everything that is fetched once.  Returns FJ_OK, or why the engine cannot run here.  May be called again. */
int fj_init(void);

/* Whether the 8-lane kernel can run here (enum fj_kernel): CPU and operating system are asked, then a known answer is
 * signed and verified, once. */
int fj_kernel(void);

/* Send the pool's threads home; for the interpreter's exit, so that none is left inside libcrypto.  Jobs go on, on their
 * callers' threads alone, and a call of fj_job_run returns soon. */
void fj_shutdown(void);

/* The version text of the libcrypto that is loaded now. */
const char *fj_openssl_version(void);

/* How many operations `counter` (enum fj_counter) has seen in this process: items, not calls. */
uint64_t fj_count(int counter);

/* Forget parsed copies of the keys and the random state that a forked child inherited: done by itself after fork. */
unsigned fj_generation(void);

/* --- Keys: immutable after load, shared by threads, counted by reference ------------------------------------------- */

typedef struct fj_key fj_key;

struct fj_octets {
    const uint8_t *data;
    size_t len;
};

/* Make a public RSA key of modulus n and exponent e, for an engine (enum fj_engine) that can run here.  Returns NULL with *status set on failure. */
fj_key *fj_key_public(int *status, struct fj_octets n, struct fj_octets e, int engine);

/* Make a private RSA key of `parts`, in the order of enum fj_key_part from FJ_PART_N to FJ_PART_QI.  The numbers were
 * checked by the caller; the load ends with one signature made and verified. */
fj_key *fj_key_private(int *status, const struct fj_octets *parts, int engine);

/* Make a new private RSA key with e = 65537. */
fj_key *fj_key_generate(int *status, unsigned bits);

/* Make a key for HMAC with SHA-256. */
fj_key *fj_key_secret(int *status, struct fj_octets secret);

/* Drop one reference; the last one wipes and frees. */
void fj_key_release(fj_key *key);

/* Copy one part (enum fj_key_part) into out and return its length in bytes; with out NULL return the length alone,
 * 0 where the key has no such part. */
size_t fj_key_export(const fj_key *key, uint8_t *out, int part);

/* Length in bytes of a signature by this key. */
size_t fj_key_signature_len(const fj_key *key);

/* Primality of an odd n above 2^32 (prime.c).  Both return 1 or 0, or -1 if it could not be decided for want of memory or
 * random numbers.  A prime gets 1 from both, always.
 * fj_is_prime: of a secret number that somebody may have chosen to deceive; no composite is known to get 1.
 * fj_may_be_prime_var: of a public one, in variable time, with one exponentiation; 0 proves it composite. */
int fj_is_prime(struct fj_octets n);
int fj_may_be_prime_var(struct fj_octets n);

#define FJ_PLAIN_OPENERS 64 /* levels of nesting that verifiers allow by default */

/* --- Crossing 1: from text to spans ------------------------------------------------------------------------------ */

struct fj_limits {
    size_t max_token_len;
    size_t max_header_len;
    int allow_padding;
    int want_payload; /* 0: check the payload's base64url, but keep nothing of it */
};

/* Where the parts of one token lie. */
struct fj_token {
    uint64_t start;           /* in the joined tokens */
    uint64_t signature_start; /* in the decoded octets */
    uint32_t header_len;      /* encoded; the signing input is the first signed_len bytes of the token */
    uint32_t signed_len;
    uint32_t signature_len; /* decoded */
    uint32_t header;        /* which of the batch's distinct headers */
};

/* Find the segments of `count` tokens that stand joined in `data` and decode them.  With `lengths` NULL a line end stands
 * between each two.
 * Out: status[count] (FJ_PENDING or a fault), tokens[count], payload_start[count] and payload_end[count] (in decoded),
 *      names[count] (what fj_json_names says of the payload: see names.h; 0 is not plain),
 *      first[count] (for each distinct header segment the index of the first token that carries it),
 *      decoded[data_len] (what base64url spells; 3/4 of the input at most).
 * Returns the number of distinct headers, or -1 (no memory), -2 (the lengths do not add up to data_len, or there are
 * not exactly count - 1 line ends). */
long fj_split(uint8_t *status, struct fj_token *tokens, uint64_t *payload_start, uint64_t *payload_end,
              uint8_t *names, uint32_t *first, uint8_t *decoded, const uint8_t *data, size_t data_len,
              const uint64_t *lengths, size_t count, const struct fj_limits *limits);

/* How a member of a plain JSON object should look, if it is there. */
enum fj_shape {
    FJ_INTEGER_FROM,  /* an integer, not below `least` */
    FJ_INTEGER_UNTIL, /* an integer, not above `most` */
    FJ_STRING,        /* one of the values, any if there are none */
    FJ_NOTHING        /* it should not be there */
};

struct fj_expected {
    struct fj_octets name;
    int shape;                      /* enum fj_shape */
    int needed;                     /* 1: it should be there */
    const struct fj_octets *values; /* in UTF-8; none holds a quote, nor does the name */
    size_t value_count;
};

/* Gather what crossing 1 found and crossing 2 verified into one JSON text: an array of the payloads that are good
 * (FJ_OK) and plain (names[i] > 0), in order.  If that is JSON, each of them is (names.h).
 * Out: out[] (room for 2 and, for each such payload, its length and 1), gathered_names[count], *gathered (how many),
 *      shown[count] (1 where the payload shows all that is expected, if it is JSON and has no name twice: members.h; 0
 *      says nothing).
 * Returns the length of the text. */
size_t fj_gather(uint8_t *out, uint8_t *gathered_names, uint8_t *shown, size_t *gathered,
                 const uint8_t *status, const uint64_t *payload_start, const uint64_t *payload_end,
                 const uint8_t *names, const uint8_t *decoded, size_t count,
                 const struct fj_expected *expected, size_t expected_count, int64_t least, int64_t most);

/* --- Crossing 2, and the way back: jobs -------------------------------------------------------------------------- */

typedef struct fj_job fj_job;

/* Prepare the verification of split tokens.  keys[header_count] holds the key for each distinct header, or NULL and
 * then the status its tokens get stands in verdicts[header_count].  Only tokens whose status is FJ_PENDING are touched.
 * Up to threads - 1 pool threads begin at once; the caller's own share is done in fj_job_run.  `before` is a job of the
 * caller that still runs, or NULL: its pool threads come over as they become idle, and no others instead of them.
 * The job is stored in *job, and not returned, because a Ctrl-C that comes during the call makes Python drop what it
 * returns, and pool threads would go on writing to buffers that nobody keeps.  Returns FJ_OK or FJ_NO_MEMORY. */
int fj_verify_start(fj_job **job, uint8_t *status, const struct fj_token *tokens, size_t count,
                    const uint8_t *data, const uint8_t *decoded, fj_key *const *keys, const uint8_t *verdicts,
                    size_t header_count, unsigned threads, const fj_job *before);

/* Bytes that `count` tokens take which share `prefix` (encoded header and dot), or 0 if that is beyond SIZE_MAX. */
size_t fj_sign_len(const fj_key *key, size_t prefix_len, const uint64_t *payload_lengths, size_t count);

/* Prepare the signing of payloads that stand joined in `payloads`: out gets the tokens, joined.  Otherwise like
 * fj_verify_start; FJ_INTERNAL if the lengths do not add up. */
int fj_sign_start(fj_job **job, uint8_t *out, size_t out_len, uint8_t *status, fj_key *key,
                  const uint8_t *prefix, size_t prefix_len, const uint8_t *payloads, size_t payloads_len,
                  const uint64_t *payload_lengths, size_t count, unsigned threads, const fj_job *before);

/* Work on the job for about budget_ms (0: to its end).  Returns 1 when all items are done, 0 when time ran out.  While
 * pool threads are at their last items, the caller begins with the job `meanwhile`, unless that is NULL. */
int fj_job_run(fj_job *job, unsigned budget_ms, fj_job *meanwhile);

/* Stop the job if it still runs, wait until no thread works on it, free it, and set *job to NULL.  Does nothing if that
 * is NULL already. */
void fj_job_release(fj_job **job);

/* One token on its way in one thread: the two crossings for a batch of one, with few arguments since each costs. */
struct fj_single {
    struct fj_limits limits; /* in */
    uint8_t *decoded;        /* in: room for as many octets as the token has characters */
    uint64_t payload_start;  /* out, like the rest */
    uint64_t payload_end;
    struct fj_token token;
    uint8_t names;
};

/* Split one token.  Returns its status. */
int fj_single_split(struct fj_single *single, const uint8_t *text, size_t text_len);

/* Verify the token that fj_single_split found to be FJ_PENDING.  Returns its status. */
int fj_single_verify(const struct fj_single *single, fj_key *key, const uint8_t *text);

/* Both in one call, for a token whose header is known to lead to `key`.  Returns its status with a minus, or where that is
 * FJ_OK the length of the payload, which is at the beginning of `decoded`, times 256, plus `names`: to read two members of
 * a struct costs Python more than the call. */
int64_t fj_single(struct fj_single *single, fj_key *key, const uint8_t *text, size_t text_len);

/* Sign one payload in the calling thread: out gets the token.  Returns its length, or a status with a minus, and then no
 * part of a token is in out: FJ_INTERNAL if there is no room for it. */
int64_t fj_single_sign(fj_key *key, uint8_t *out, size_t room, const uint8_t *prefix, size_t prefix_len,
                       const uint8_t *payload, size_t payload_len);

/* --- The raw layer ----------------------------------------------------------------------------------------------- */

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2) or HMAC-SHA-256 of one message.  Return a status. */
int fj_sign_message(fj_key *key, uint8_t *signature, size_t signature_len, const uint8_t *message,
                    size_t message_len);
int fj_verify_message(fj_key *key, const uint8_t *signature, size_t signature_len, const uint8_t *message,
                      size_t message_len);

/* The floor that benchmarks compare with: `count` times the bare libcrypto operation on one digest, one context, one
 * thread, nothing else.  Returns a status. */
int fj_floor(fj_key *key, int sign, size_t count);
