/* Between octets or limbs and lanes: reading signatures and keys, and writing signatures. */

/* Limbs of eight big-endian numbers of `len` >= 8 octets each; zero beyond their end.  The octets are public, or their
 * addresses are: none depends on what they say. */
static LANES_TARGET void lanes_from_octets(fj_lanes *a, size_t limbs, const uint8_t *const octets[FJ_LANES],
                                           size_t len) {
    const fj_lanes mask = lanes_all(LIMB_MASK);
    for (size_t i = 0; i < limbs; i++) {
        /* The eight octets that end with the one that holds bit 52 i; or the first eight, where less are left. */
        const size_t bit = 52 * i;
        const size_t behind = bit / 8;
        const size_t at = behind + 8 <= len ? len - 8 - behind : 0;
        const size_t shift = bit - 8 * (len - 8 - at);
        a[i] = shift < 64 ? lanes_and(lanes_shift_right(lanes_gather(octets, at), (unsigned)shift), mask)
                          : lanes_zero();
    }
}

/* The first `count` lanes of a, canonical, as big-endian octets: eight at a time, so `len` is a multiple of eight. */
static LANES_TARGET void lanes_to_octets(uint8_t *const octets[FJ_LANES], size_t count, const fj_lanes *a,
                                         size_t limbs, size_t len) {
    for (size_t bit = 0; bit < 8 * len; bit += 64) {
        const size_t i = bit / 52;
        fj_lanes word = lanes_shift_right(a[i], (unsigned)(bit - 52 * i));
        for (size_t next = i + 1; next < limbs && 52 * next < bit + 64; next++) {
            word = lanes_or(word, lanes_shift_left(a[next], (unsigned)(52 * next - bit)));
        }
        uint64_t words[FJ_LANES];
        lanes_store(words, word);
        for (size_t l = 0; l < count; l++) {
            uint8_t *const to = octets[l] + len - 8 - bit / 8;
            for (int k = 0; k < 8; k++) {
                to[k] = (uint8_t)(words[l] >> (56 - 8 * k));
            }
        }
    }
}

static LANES_TARGET void encoded_messages(fj_lanes *a, size_t limbs, const uint8_t *const digests[FJ_LANES],
                                          size_t len) {
    uint8_t em[FJ_LANES][FJ_RSA52_MAX_BYTES];
    const uint8_t *at[FJ_LANES];
    for (int l = 0; l < FJ_LANES; l++) {
        fj_pkcs1_encode(em[l], len, digests[l]);
        at[l] = em[l];
    }
    lanes_from_octets(a, limbs, at, len);
}

/* One number in all lanes. */
static LANES_TARGET void lanes_everywhere(fj_lanes *out, const uint64_t *number, size_t limbs) {
    for (size_t i = 0; i < limbs; i++) {
        out[i] = lanes_all(number[i]);
    }
}

/* A public constant of each lane's key; most batches have one key. */
static LANES_TARGET void lanes_from_keys_var(fj_lanes *out, const struct fj_public52 *const keys[FJ_LANES],
                                             size_t offset, size_t limbs) {
    const uint64_t *from[FJ_LANES];
    int same = 1;
    for (int l = 0; l < FJ_LANES; l++) {
        from[l] = (const uint64_t *)((const char *)keys[l] + offset);
        same &= keys[l] == keys[0];
    }
    for (size_t i = 0; i < limbs; i++) {
        if (same) {
            out[i] = lanes_all(from[0][i]);
            continue;
        }
        uint64_t limb[FJ_LANES];
        for (int l = 0; l < FJ_LANES; l++) {
            limb[l] = from[l][i];
        }
        out[i] = lanes_load(limb);
    }
}
