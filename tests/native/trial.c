/* Load a private key that signs wrongly, and look at what our code gives back to malloc of the size of two signatures.
 *
 * The key comes on standard input.  Linked with --wrap=free.  Prints status, how many such pieces were freed, and how many
 * of them were not zero. */
#include <malloc.h>

#include "given.h"
#include "key.h"

void __real_free(void *memory);
void __wrap_free(void *memory);

static size_t wanted;
static unsigned freed;
static unsigned dirty;

void __wrap_free(void *memory) {
    const size_t usable = memory == NULL ? 0 : malloc_usable_size(memory);
    if (wanted > 0 && usable >= wanted && usable < wanted + 16) {
        const uint8_t *const octets = memory;
        unsigned any = 0;
        for (size_t i = 0; i < wanted; i++) {
            any |= octets[i];
        }
        freed++;
        dirty += any != 0;
    }
    __real_free(memory);
}

int main(void) {
    static struct given_key given;
    int status = FJ_OK;
    if (fj_init() != FJ_OK) {
        fail("libcrypto is needed");
    }
    given_key(&given);
    wanted = 2 * given.parts[FJ_PART_N].len;
    fj_key *const key = fj_key_private(&status, given.parts, FJ_ENGINE_OPENSSL);
    printf("loaded=%d refused=%d freed=%u dirty=%u\n", key != NULL, status == FJ_BAD_SIGNATURE, freed, dirty);
    fj_key_release(key);
    fj_shutdown();
    return 0;
}
