/* SPDX-License-Identifier: BSD-2-Clause */
/* Published test vectors through every engine: RFCs, FIPS 81, SP 800-67, IEEE 802.1AE, GCM for ESP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "dp/engine.h"

struct vector {
	const char *key, *authkey; /* hexadecimal, as all that follows; GCM without the salt */
	const char *iv; /* GCM, ChaCha20: salt || IV; CTR: nonce || IV */
	const char *head; /* GCM: additional data; else what is in front of IV and text */
	const char *text, *want; /* clear text; ciphertext, with the tag for GCM */
	const char *icv; /* HMAC over all; "" is not published */
	enum alg_code enc, auth;
};

/* RFC 3602 4, cases 1 to 4. They have no MAC, so the one we must add is only verified by ourselves. */
#define CBC(key, iv, text, want)                                                \
	{                                                                       \
		key, K20, iv, HEAD8, text, want, "", ALG_AES_CBC, ALG_HMAC_SHA1 \
	}
#define K20   "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define A20   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEAD8 "0102030405060708"

/* Other ciphers, likewise; CTR has the IV alone on the wire, which is not tested here. */
#define CIPHER(alg, key, iv, text, want)                                \
	{                                                               \
		key, K20, iv, HEAD8, text, want, "", alg, ALG_HMAC_SHA1 \
	}
#define SINGLE "53696e676c6520626c6f636b206d7367"
#define ZERO8  "0000000000000000"
#define CAM128 "0123456789abcdeffedcba9876543210"
#define CMAC_K "2b7e151628aed2a6abf7158809cf4f3c"
#define CMAC16 "6bc1bee22e409f96e93d7e117393172a"
#define CMAC40 CMAC16 "ae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
#define CMAC64 CMAC40 "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define XCBC_K "000102030405060708090a0b0c0d0e0f"
/* 54 bytes of payload, authenticated only, with their header. */
#define MACSEC8 "d609b1f056637a0d"
#define MACSEC62                                                           \
	"46df998d88e5222ab2c2846512153524c0895e8108000f101112131415161718" \
	"191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233340001"

/* HMAC alone: the eight bytes of header and the text are the message. */
#define MAC(alg, key, head, text, icv)                                \
	{                                                             \
		"", key, "", head, text, text, icv, ALG_NULL_ENC, alg \
	}
#define HI_THERE "4869205468657265"
#define JEFE4    "4a6566654a6566654a6566654a656665"
#define WHAT_DO  "7768617420646f20"
#define YA_WANT  "79612077616e7420666f72206e6f7468696e673f"
#define B16      "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define A16      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DD8      "dddddddddddddddd"
#define DD42     DD8 DD8 DD8 DD8 DD8 "dddd"
#define CD8      "cdcdcdcdcdcdcdcd"
#define CD42     CD8 CD8 CD8 CD8 CD8 "cdcd"
#define COUNT16  "0102030405060708090a0b0c0d0e0f10"
#define COUNT32  COUNT16 "1112131415161718191a1b1c1d1e1f20"
#define COUNT48  COUNT32 "2122232425262728292a2b2c2d2e2f30"
#define COUNT64  COUNT48 "3132333435363738393a3b3c3d3e3f40"

static const struct vector vectors[] = {
	CBC("06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41",
		"53696e676c6520626c6f636b206d7367", "e353779c1079aeb82708942dbe77181a"),
	CBC("c286696d887c9aa0611bbb3e2025a45a", "562e17996d093d28ddb3ba695a2e6f58",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"),
	CBC("6c3ea0477630ce21a2ce334aa746c2cd", "c782dc4c098c66cbd9cd27d825682c81",
		"5468697320697320612034382d62797465206d657373616765202865786163746c79203320414553"
		"20626c6f636b7329",
		"d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c"
		"8579695d83ba2684"),
	CBC("56e47a38c5598974bc46903dba290349", "8ce82eefbea0da3c44699ed7db51b7d9",
		"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7"
		"c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
		"c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e35907aa632c3ffdf"
		"868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55"),
	/* RFC 2202 3, the cases with a key of 160 bits; truncated as RFC 2404 says. */
	MAC(ALG_HMAC_SHA1, K20, HI_THERE, "", "b617318655057264e28bc0b6"),
	MAC(ALG_HMAC_SHA1, A20, DD8, DD42, "125d7342b9ac11cd91a39af4"),
	MAC(ALG_HMAC_SHA1, "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "5465737420576974",
		"68205472756e636174696f6e", "4c1a03424b55e07fe7f27be1"),
	/* RFC 4868 2.7.2.1 to 2.7.2.3. */
	MAC(ALG_HMAC_SHA256, B16 B16, HI_THERE, "", "198a607eb44bfbc69903a0f1cf2bbdc5"),
	MAC(ALG_HMAC_SHA256, JEFE4 JEFE4, WHAT_DO, YA_WANT, "167f928588c5cc2eef8e3093caa0e87c"),
	MAC(ALG_HMAC_SHA256, A16 A16, DD8, DD42, "cdcb1220d1ecccea91e53aba3092f962"),
	MAC(ALG_HMAC_SHA256, COUNT32, CD8, CD42, "372efcf9b40b35c2115b1346903d2ef4"),
	MAC(ALG_HMAC_SHA384, B16 B16 B16, HI_THERE, "",
		"b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"),
	MAC(ALG_HMAC_SHA384, JEFE4 JEFE4 JEFE4, WHAT_DO, YA_WANT,
		"2c7353974f1842fd66d53c452ca42122b28c0b594cfb184d"),
	MAC(ALG_HMAC_SHA384, A16 A16 A16, DD8, DD42,
		"809f439be00274321d4a538652164b53554a508184a0c316"),
	MAC(ALG_HMAC_SHA384, COUNT48, CD8, CD42,
		"e8909051b8fe1a37966eec37a868389185d9da142bc5f755"),
	MAC(ALG_HMAC_SHA512, B16 B16 B16 B16, HI_THERE, "",
		"637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"),
	MAC(ALG_HMAC_SHA512, JEFE4 JEFE4 JEFE4 JEFE4, WHAT_DO, YA_WANT,
		"cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b15454"),
	MAC(ALG_HMAC_SHA512, A16 A16 A16 A16, DD8, DD42,
		"2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8"),
	MAC(ALG_HMAC_SHA512, COUNT64, CD8, CD42,
		"5e6688e5a3daec826ca32eaea224eff5e700628947470e13ad01302561bab108"),
	/* RFC 2202 2, the cases with a key of 128 bits; truncated as RFC 2403 says. */
	MAC(ALG_HMAC_MD5, B16, HI_THERE, "", "9294727a3638bb1c13f48ef8"),
	MAC(ALG_HMAC_MD5, A16, DD8, DD42, "56be34521d144c88dbb8c733"),
	/* RFC 2286 2, with a key of 160 bits; truncated as RFC 2857 says. */
	MAC(ALG_HMAC_RIPEMD160, K20, HI_THERE, "", "24cb4bd67d20fc1a5d2ed773"),
	MAC(ALG_HMAC_RIPEMD160, A20, DD8, DD42, "b0b105360de759960ab4f352"),
	/* RFC 3566 4.6, cases 2 to 5. */
	MAC(ALG_AES_XCBC_MAC, XCBC_K, "000102", "", "5b376580ae2f19afe7219cee"),
	MAC(ALG_AES_XCBC_MAC, XCBC_K, "0001020304050607", "08090a0b0c0d0e0f",
		"d2a246fa349b68a79998a439"),
	MAC(ALG_AES_XCBC_MAC, XCBC_K, "0001020304050607", "08090a0b0c0d0e0f10111213",
		"47f51b4564966215b8985c63"),
	MAC(ALG_AES_XCBC_MAC, XCBC_K, "0001020304050607",
		"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "f54f0ec8d2b9f3d36807734b"),
	/* RFC 4493 4, examples 2 to 4; truncated as RFC 4494 says. */
	MAC(ALG_AES_CMAC_96, CMAC_K, CMAC16, "", "070a16b46b4d4144f79bdd9d"),
	MAC(ALG_AES_CMAC_96, CMAC_K, "", CMAC40, "dfa66747de9ae63030ca3261"),
	MAC(ALG_AES_CMAC_96, CMAC_K, "", CMAC64, "51f0bebf7e3b9d92fc497417"),
	/* RFC 3686 6, cases 1 to 4 and 7. */
	CIPHER(ALG_AES_CTR, "ae6852f8121067cc4bf7a5765577f39e", "00000030" ZERO8, SINGLE,
		"e4095d4fb7a7b3792d6175a3261311b8"),
	CIPHER(ALG_AES_CTR, "7e24067817fae0d743d6ce1f32539163", "006cb6dbc0543b59da48d90b",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28"),
	CIPHER(ALG_AES_CTR, "7691be035e5020a8ac6e618529f9a0dc", "00e0017b27777f3f4a1786f0",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
		"c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f"),
	CIPHER(ALG_AES_CTR, "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb78515",
		"0000004836733c147d6d93cb", SINGLE, "4b55384fe259c9c84e7935a003cbe928"),
	CIPHER(ALG_AES_CTR, "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104",
		"00000060db5672c97aa8f0b2", SINGLE, "145ad01dbf824ec7560863dc71e3e0c0"),
	/* RFC 3713 A. */
	CIPHER(ALG_CAMELLIA_CBC, CAM128, ZERO8 ZERO8, CAM128, "67673138549669730857065648eabe43"),
	CIPHER(ALG_CAMELLIA_CBC, CAM128 "0011223344556677", ZERO8 ZERO8, CAM128,
		"b4993401b3e996f84ee5cee7d79b09b9"),
	CIPHER(ALG_CAMELLIA_CBC, CAM128 "00112233445566778899aabbccddeeff", ZERO8 ZERO8, CAM128,
		"9acc237dff16d76c20ef7c919e3a7509"),
	/* RFC 2144 B.1: keys of 128, 80 (and with it fewer rounds) and 40 bits. */
	CIPHER(ALG_CAST128_CBC, "0123456712345678234567893456789a", ZERO8, "0123456789abcdef",
		"238b4fe5847e44b2"),
	CIPHER(ALG_CAST128_CBC, "01234567123456782345", ZERO8, "0123456789abcdef",
		"eb6a711a2c02271b"),
	CIPHER(ALG_CAST128_CBC, "0123456712", ZERO8, "0123456789abcdef", "7ac816d16e9b302e"),
	/* The vector for CBC that came with Blowfish. */
	CIPHER(ALG_BLOWFISH_CBC, "0123456789abcdeff0e1d2c3b4a59687", "fedcba9876543210",
		"37363534333231204e6f77206973207468652074696d6520666f722000000000",
		"6b77b4d63006dee605b156e27403979358deb9e7154616d959f1652bd5ff92cc"),
	/* FIPS 81 C1; SP 800-67 B.1, of which CBC has the first block only. */
	CIPHER(ALG_DES_CBC, "0123456789abcdef", "1234567890abcdef",
		"4e6f77206973207468652074696d6520666f7220616c6c20",
		"e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6"),
	CIPHER(ALG_3DES_CBC, "0123456789abcdef23456789abcdef01456789abcdef0123", ZERO8,
		"5468652071756663", "a826fd8ce53b855f"),
	/* RFC 7634 A. */
	{ "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "",
		"a0a1a2a31011121314151617", "0102030400000005",
		"45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
		"0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
		"2425262728292a2b2c2d2e2f303132333435363701020204",
		"24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
		"14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
		"cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7"
		"b11b369907e1ad43",
		"", ALG_CHACHA20_POLY1305, ALG_CODE_NONE },
	/* IEEE 802.1AE C.1.1, which authenticates only: once as ESP does it and once as AH does. */
	{ "ad7a2bd03eac835a6f620fdcb506b345", "", "12153524c0895e81b2c28465", MACSEC8, MACSEC62,
		MACSEC62 "f09478a9b09007d06f46e9b6a1da25dd", "", ALG_AES_GMAC, ALG_CODE_NONE },
	{ "", "ad7a2bd03eac835a6f620fdcb506b345", "12153524c0895e81b2c28465", MACSEC8, MACSEC62,
		MACSEC62, "f09478a9b09007d06f46e9b6a1da25dd", ALG_CODE_NONE, ALG_AES_GMAC_AUTH },
	/* draft-mcgrew-gcm-test-01: AES-GCM for ESP with 128 (and ESN), 192 and 256 bits. */
	{ "4c80cdefbb5d10da906ac73c3613a634", "", "2e443b684956ed7e3b244cfe",
		"000043218765432100000000",
		"45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
		"00000000045f736970045f756470037369700963796265726369747902646b00"
		"0021000101020201",
		"fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
		"cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
		"61bc17d768fd9732459018148f6cbe722fd04796562dfdb4",
		"", ALG_AES_GCM_16, ALG_CODE_NONE },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c", "", "cafebabefacedbaddecaf888",
		"0000a5f80000000a",
		"45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e"
		"501016d075680001",
		"a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0"
		"315b27452144cc7795457b9652037f5318027b5b4cd7a636",
		"", ALG_AES_GCM_16, ALG_CODE_NONE },
	{ "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "",
		"112233440102030405060708", "4a2cbfe300000002",
		"4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		"7002400020bf0000020405b40101040201020201",
		"ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
		"748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c49"
		"15956c96",
		"", ALG_AES_GCM_16, ALG_CODE_NONE },
};

static const struct engine *engine;

static unsigned int
put(uint8_t *to, const char *hex, size_t room)
{
	const int n = hex_decode(hex, strlen(hex), to, room);

	assert_true(n >= 0 && (size_t)n == strlen(hex) / 2);
	return (unsigned int)n;
}

static void
open_sa(struct crypto *c, struct sa_rt *sa, const struct vector *v)
{
	struct sa_spec spec = { .enc = alg_by_code(v->enc), .auth = alg_by_code(v->auth) };

	spec.enckey.len = (uint16_t)put(spec.enckey.b, v->key, SECRET_MAX);
	spec.authkey.len = (uint16_t)put(spec.authkey.b, v->authkey, SECRET_MAX);
	/* The salt is in the IV here. */
	if (spec.enc != NULL)
		spec.enckey.len = (uint16_t)(spec.enckey.len + spec.enc->salt_len);
	else
		spec.authkey.len = (uint16_t)(spec.authkey.len + spec.auth->salt_len);
	if (v->auth == ALG_CODE_NONE && strlen(v->head) == 24)
		spec.flags = SA_F_ESN;
	sa->cls = (uint8_t)(spec.enc != NULL ? spec.enc->cls : spec.auth->cls);
	sa->icv_len = spec.auth != NULL ? spec.auth->icv_len : spec.enc->icv_len;
	assert_int_equal(crypto_sa_open(c, sa, &spec, 0, NULL), 0);
}

static void
run_vector(struct lane *lane, struct sa_rt *sa, struct rte_mbuf *m, const struct vector *v)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), clear[256], want[256];
	const unsigned int head = put(p, v->head, 32);
	struct cop cop = { .aad = p, .aad_len = (uint16_t)head };
	const unsigned int iv = put(cop.iv, v->iv, sizeof(cop.iv));
	const unsigned int clear_len = put(clear, v->text, sizeof(clear));
	const unsigned int want_len = put(want, v->want, sizeof(want));

	cop.text = p + head;
	if (sa->cls == ALG_CLASS_CTR)
		cop.iv[15] = 1;
	if (sa->cls == ALG_CLASS_CBC) {
		memcpy(cop.text, cop.iv, iv);
		cop.text += iv;
	}
	memcpy(cop.text, clear, clear_len);
	cop.text_len = clear_len;
	cop.icv = cop.text + clear_len;
	cop.auth_len = (uint32_t)(cop.icv - p);
	lane->cop[0] = cop;
	*pkt_meta(m) = (struct pkt_meta){ .sa = sa, .flags = PKT_F_OUT };
	assert_int_equal(engine_run(lane, 0, &m, 1), 1);
	assert_int_equal(pkt_meta(m)->flags, PKT_F_OUT);
	assert_memory_equal(cop.text, want, want_len);
	if (v->icv[0] != '\0') {
		assert_int_equal(put(want, v->icv, sizeof(want)), sa->icv_len);
		assert_memory_equal(cop.icv, want, sa->icv_len);
	}
	pkt_meta(m)->flags = 0;
	assert_int_equal(engine_run(lane, 0, &m, 1), 1);
	assert_int_equal(pkt_meta(m)->flags, 0);
	assert_memory_equal(cop.text, clear, clear_len);
}

static void
vectors_pass(void **state)
{
	static const unsigned int want[ENGINES_ALL] = { ARRAY_LEN(vectors), 5, 41, 36, 1 };
	static struct lane lane;
	struct rte_mempool *pool = pkt_pool_create("vectors", 63, 1024, 0);
	struct crypto *c = engine_open(engine, &lane);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	unsigned int ran = 0;

	(void)state;
	if (m == NULL)
		abort();
	assert_non_null(rte_pktmbuf_append(m, 512));
	for (unsigned int i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct sa_rt *sa = rte_zmalloc(NULL, sizeof(*sa) + sizeof(struct sa_lc), 64);

		assert_non_null(sa);
		if (crypto_offers(c, alg_by_code(v->enc), alg_by_code(v->auth))) {
			open_sa(c, sa, v);
			run_vector(&lane, sa, m, v);
			crypto_sa_close(c, sa);
			ran++;
		}
		rte_free(sa);
	}
	printf("%s: %u vectors\n", engine->name, ran);
	assert_int_equal(ran, want[engine - engines]);
	rte_pktmbuf_free(m);
	engine_close(c, &lane);
	rte_mempool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(vectors_pass) };
	int failed = 0;

	engine_eal();
	for (unsigned int i = 0; i < ENGINES_ALL; i++) {
		engine = &engines[i];
		failed += cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
	}
	return failed + (rte_eal_cleanup() != 0);
}
