/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports over the real drivers; tap and af_packet in a network namespace of our own, so as root only. */
#define ALLOW_EXPERIMENTAL_API /* rte_eth_dev_conf_get() */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include <cmocka.h>

#include "dp/eal.h"
#include "pkt/pkt.h"
#include "port/kind.h"
#include "port/port.h"

#define FRAME_LEN 100u
#define NO_DEVICE "ffff:ff:1f.7"

static struct rte_mempool *pool;
static char dir[] = "/tmp/test_port.XXXXXX";
static bool has_netns; /* we are root in a network namespace of our own */

static int
start(void **state)
{
	(void)state;
	has_netns = geteuid() == 0;
	if (has_netns) /* whoever is root here must not skip in silence */
		assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_non_null(mkdtemp(dir));
	test_eal(256, "--vdev=net_null7,size=200");
	pool = pkt_pool_create("pkts", 8191, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	assert_non_null(pool);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	assert_int_equal(rte_eth_dev_count_total(), 1); /* what EAL was asked for */
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	assert_int_equal(rmdir(dir), 0);
	return rte_eal_cleanup();
}

static struct port_conf
conf_of(const char *device)
{
	struct port_conf conf = { .queues = 1 };

	(void)snprintf(conf.device, sizeof(conf.device), "%s", device);
	return conf;
}

static void
start_port(struct port *p, const struct port_conf *conf, unsigned int nworkers)
{
	struct err err = { 0 };

	if (port_start(p, conf, nworkers, pool, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(p->owner != 0);
}

/* A port that must not start: code, and a part of the sentence; nothing may stay behind. */
static void
refused(const struct port_conf *conf, unsigned int nworkers, int code, const char *text)
{
	const uint16_t before = rte_eth_dev_count_total();
	struct err err = { 0 };
	struct port p;

	assert_int_equal(port_start(&p, conf, nworkers, pool, &err), code);
	assert_int_equal(err.code, code);
	if (strstr(err.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
	assert_int_equal(p.owner, 0);
	assert_int_equal(rte_eth_dev_count_total(), before);
}

/* abort(), unlike cmocka's assertions, tells the compiler that NULL goes no further. */
static struct rte_mbuf *
frame(uint8_t fill)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *data = m != NULL ? rte_pktmbuf_append(m, FRAME_LEN) : NULL;

	if (data == NULL)
		abort();
	memset(data, fill, FRAME_LEN);
	return m;
}

/* Receive one packet within a second. */
static struct rte_mbuf *
receive(const struct port *p)
{
	struct rte_mbuf *m = NULL;

	for (unsigned int i = 0; i < 1000; i++) {
		for (uint16_t q = 0; q < p->nrxq; q++) {
			if (rte_eth_rx_burst(p->id, q, &m, 1) == 1)
				return m;
		}
		(void)usleep(1000);
	}
	fail_msg("nothing received");
	return NULL;
}

/* ---- drivers ---- */

static void
port_ring_loops_starts_again_and_leaves_nothing(void **state)
{
	const struct port_conf conf = conf_of("net_ring0");
	struct port_hw_stats stats;
	struct rte_mbuf *m;
	struct port p;
	uint16_t id;

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		start_port(&p, &conf, 1);
		assert_true(p.probed);
		assert_int_equal(p.nrxq, 1);
		assert_int_equal(p.ntxq, 1);
		assert_int_equal(p.mtu, 1500);
		assert_int_equal(p.link, 1);
		assert_false(p.rx_intr);
		assert_true(rte_is_valid_assigned_ether_addr(&p.mac));
		m = frame((uint8_t)round);
		assert_int_equal(rte_eth_tx_burst(p.id, 0, &m, 1), 1);
		m = receive(&p);
		assert_int_equal(m->pkt_len, FRAME_LEN);
		rte_pktmbuf_free(m);
		assert_int_equal(port_stats(&p, &stats), 0);
		assert_int_equal(
			stats.imissed + stats.ierrors + stats.oerrors + stats.rx_nombuf, 0);
		port_stop(&p);
		assert_int_equal(rte_eth_dev_get_port_by_name("net_ring0", &id), -ENODEV);
		assert_int_equal(port_stats(&p, &stats), -ENODEV);
		assert_int_equal(p.link, 0);
		port_stop(&p);
	}
}

static void
port_pairs_queues_where_the_driver_does(void **state)
{
	struct port_conf conf = conf_of("net_ring0");
	struct rte_mbuf *m;
	struct port p;

	(void)state;
	start_port(&p, &conf, 3);
	assert_int_equal(p.nrxq, 3);
	assert_int_equal(p.ntxq, 3);
	m = frame(1);
	assert_int_equal(rte_eth_tx_burst(p.id, 2, &m, 1), 1);
	rte_pktmbuf_free(receive(&p));
	port_stop(&p);
	conf.queues = 40;
	start_port(&p, &conf, 2);
	assert_int_equal(p.nrxq, 16);
	assert_int_equal(p.ntxq, 16);
	port_stop(&p);
	refused(&conf, 17, -EINVAL, "net_ring0 has 16 tx queues but 17 workers need one each");
}

static void
port_null_gives_queues_as_wanted(void **state)
{
	struct port_conf conf = conf_of("net_null0,size=128");
	struct rte_mbuf *m;
	struct port p;

	(void)state;
	conf.queues = 4;
	conf.rx_desc = 64;
	conf.tx_desc = 64;
	start_port(&p, &conf, 3);
	assert_int_equal(p.nrxq, 4);
	assert_int_equal(p.ntxq, 3);
	assert_false(p.rx_ip_csum);
	assert_false(p.tx_ip_csum);
	m = receive(&p);
	assert_int_equal(m->pkt_len, 128);
	assert_int_equal(rte_eth_tx_burst(p.id, 2, &m, 1), 1);
	port_stop(&p);
	conf.queues = 0;
	start_port(&p, &conf, 5);
	assert_int_equal(p.nrxq, 5);
	port_stop(&p);
	conf.promiscuous = true;
	start_port(&p, &conf, 1);
	port_stop(&p);
}

static void
port_rss_key_is_symmetric(void **state)
{
	struct port_conf conf = conf_of("net_null0");
	struct rte_eth_conf eth;
	struct port p;

	(void)state;
	conf.queues = 2;
	start_port(&p, &conf, 1);
	assert_int_equal(rte_eth_dev_conf_get(p.id, &eth), 0);
	assert_int_equal(eth.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
	assert_true((eth.rx_adv_conf.rss_conf.rss_hf & RTE_ETH_RSS_IP) != 0);
	assert_int_equal(eth.rx_adv_conf.rss_conf.rss_hf &
			~(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP),
		0);
	assert_int_equal(eth.rx_adv_conf.rss_conf.rss_key_len, 40);
	for (unsigned int i = 0; i < 40; i += 2)
		assert_memory_equal(&eth.rx_adv_conf.rss_conf.rss_key[i], "\x6d\x5a", 2);
	port_stop(&p);
	conf.queues = 1;
	start_port(&p, &conf, 1);
	assert_int_equal(rte_eth_dev_conf_get(p.id, &eth), 0);
	assert_int_equal(eth.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
	port_stop(&p);
}

/* A capture file of n frames, little-endian as the machine is. */
static void
write_pcap(const char *path, uint32_t n)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, sigfigs, snaplen, link;
	} head = { 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1 };
	uint8_t data[FRAME_LEN];
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(&head, sizeof(head), 1, f), 1);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t record[4] = { i, 0, FRAME_LEN, FRAME_LEN };

		memset(data, (int)i, sizeof(data));
		assert_int_equal(fwrite(record, sizeof(record), 1, f), 1);
		assert_int_equal(fwrite(data, sizeof(data), 1, f), 1);
	}
	assert_int_equal(fclose(f), 0);
}

static void
port_pcap_reads_and_writes_captures(void **state)
{
	struct port_conf conf = { .queues = 1 };
	char in[48], out[48];
	struct stat st;
	struct rte_mbuf *m;
	struct port p;

	(void)state;
	(void)snprintf(in, sizeof(in), "%s/in.pcap", dir);
	(void)snprintf(out, sizeof(out), "%s/out.pcap", dir);
	(void)snprintf(
		conf.device, sizeof(conf.device), "net_pcap0,rx_pcap=%s,tx_pcap=%s", in, out);
	refused(&conf, 1, -ENOENT, "net_pcap0: cannot read the capture file /tmp/test_port.");
	write_pcap(in, 3);
	refused(&conf, 2, -EINVAL,
		"net_pcap0 has 1 tx queues but 2 workers need one each: use fewer workers or give "
		"the device more queues with rx_pcap= and tx_pcap= several times");
	for (unsigned int round = 0; round < 2; round++) {
		start_port(&p, &conf, 1);
		assert_int_equal(p.link, 1);
		for (uint8_t i = 0; i < 3; i++) {
			m = receive(&p);
			assert_int_equal(m->pkt_len, FRAME_LEN);
			assert_int_equal(*rte_pktmbuf_mtod(m, uint8_t *), i);
			assert_int_equal(rte_eth_tx_burst(p.id, 0, &m, 1), 1);
		}
		port_stop(&p);
		assert_int_equal(stat(out, &st), 0);
		assert_int_equal(st.st_size, 24 + 3 * (16 + FRAME_LEN));
	}
	assert_int_equal(unlink(in), 0);
	assert_int_equal(unlink(out), 0);
}

static int
raw_socket(const char *iface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(0x0003) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x0003));

	to.sll_ifindex = (int)if_nametoindex(iface);
	assert_true(fd >= 0 && to.sll_ifindex > 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static int
iface_mtu(int fd, const char *iface)
{
	struct ifreq ifr = { 0 };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	assert_int_equal(ioctl(fd, SIOCGIFMTU, &ifr), 0);
	return ifr.ifr_mtu;
}

static void
bring_iface_up(const char *iface, bool up)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	assert_true(fd >= 0);
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
	ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	assert_int_equal(close(fd), 0);
}

/* The next frame of our fill; the kernel's own (Neighbour Discovery) pass by. */
static void
expect_frame(const struct port *p, uint8_t fill)
{
	for (unsigned int i = 0; i < 20; i++) {
		struct rte_mbuf *m = receive(p);
		const bool ours = m->pkt_len == FRAME_LEN &&
			rte_pktmbuf_mtod(m, uint8_t *)[FRAME_LEN - 1] == fill;

		rte_pktmbuf_free(m);
		if (ours)
			return;
	}
	fail_msg("our frame did not arrive");
}

static void
port_tap_carries_frames_and_interrupts(void **state)
{
	struct port_conf conf = conf_of("net_tap0,iface=gwtest0");
	uint8_t data[FRAME_LEN];
	struct pollfd fd = { .events = POLLIN };
	struct rte_mbuf *m;
	struct port p;
	int sock;

	(void)state;
	if (!has_netns)
		skip();
	conf.mtu = 1400;
	for (unsigned int round = 0; round < 2; round++) {
		start_port(&p, &conf, 1);
		sock = raw_socket("gwtest0");
		assert_int_equal(iface_mtu(sock, "gwtest0"), 1400);
		assert_true(p.rx_intr);
		port_poll_link(&p);
		assert_int_equal(p.link, 1);
		/* Whatever the kernel said by itself is taken away before the interrupt is tried. */
		(void)usleep(1000);
		while (rte_eth_rx_burst(p.id, 0, &m, 1) == 1)
			rte_pktmbuf_free(m);
		memset(data, 0x42, sizeof(data));
		assert_int_equal(send(sock, data, sizeof(data), 0), sizeof(data));
		fd.fd = rte_eth_dev_rx_intr_ctl_q_get_fd(p.id, 0);
		assert_int_equal(poll(&fd, 1, 1000), 1);
		expect_frame(&p, 0x42);
		m = frame(0x43);
		assert_int_equal(rte_eth_tx_burst(p.id, 0, &m, 1), 1);
		do
			assert_true(recv(sock, data, sizeof(data), 0) > 0);
		while (data[FRAME_LEN - 1] != 0x43);
		bring_iface_up("gwtest0", false);
		port_poll_link(&p);
		assert_int_equal(p.link, 0);
		assert_int_equal(close(sock), 0);
		port_stop(&p);
		assert_int_equal(if_nametoindex("gwtest0"), 0);
	}
	start_port(&p, &conf, 2);
	assert_int_equal(p.nrxq, 2);
	assert_int_equal(p.ntxq, 2);
	port_stop(&p);
	conf.mtu = 9000;
	refused(&conf, 1, -EINVAL, "net_tap0: MTU 9000: the device takes 68 to ");
}

static void
port_af_packet_uses_an_interface(void **state)
{
	struct port_conf conf = conf_of("net_af_packet0,iface=gwtest0");
	uint8_t data[FRAME_LEN];
	struct rte_mbuf *m;
	struct port p;
	int sock;

	(void)state;
	if (!has_netns || system("ip link add gwtest0 type veth peer name gwtest1") != 0)
		skip();
	bring_iface_up("gwtest0", true);
	bring_iface_up("gwtest1", true);
	sock = raw_socket("gwtest1"); /* after, or its first send() says ENETDOWN */
	start_port(&p, &conf, 1);
	assert_false(p.rx_intr);
	assert_int_equal(p.link, 1);
	memset(data, 0x44, sizeof(data));
	assert_int_equal(send(sock, data, sizeof(data), 0), sizeof(data));
	expect_frame(&p, 0x44);
	m = frame(0x45);
	assert_int_equal(rte_eth_tx_burst(p.id, 0, &m, 1), 1);
	do
		assert_true(recv(sock, data, sizeof(data), 0) > 0);
	while (data[FRAME_LEN - 1] != 0x45);
	port_stop(&p);
	refused(&conf, 2, -EINVAL, "give the device more queues with qpairs=N");
	conf.mtu = 1501;
	refused(&conf, 1, -EINVAL, "net_af_packet0: MTU 1501: the device takes 68 to 1500");
	conf = conf_of("net_af_packet0,iface=gwtest0,qpairs=2");
	start_port(&p, &conf, 2);
	assert_int_equal(p.nrxq, 2);
	port_stop(&p);
	assert_int_equal(close(sock), 0);
	conf = conf_of("net_tap0,iface=gwtest0");
	refused(&conf, 1, -EEXIST, "an interface gwtest0 exists already and is not a tap");
	conf = conf_of("net_tap0,iface=gwtest2");
	if (system("ip tuntap add mode tap multi_queue name gwtest2") != 0)
		skip();
	start_port(&p, &conf, 1);
	port_stop(&p);
}

/*
 * Servers without a peer. A peer in the same process that closes at the same time races, in 22.11, with
 * the threads inside the memif and vhost drivers; two processes are a matter for the system tests.
 */
static void
port_socket_servers_wait_for_a_peer(void **state)
{
	const char *const formats[2] = { "net_memif0,role=server,socket-abstract=no,socket",
		"net_vhost0,iface" };
	struct port_conf conf = { 0 };
	char path[48];
	struct port p;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	for (unsigned int i = 0; i < 6; i++) {
		(void)snprintf(conf.device, sizeof(conf.device), "%s=%s", formats[i % 2], path);
		start_port(&p, &conf, 1);
		assert_int_equal(p.link, 0);
		assert_int_equal(access(path, F_OK), 0);
		port_stop(&p);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void
port_needs_root_for_tap(void **state)
{
	struct port_conf conf = conf_of("net_tap0,iface=gwtest3");

	(void)state;
	if (geteuid() == 0) {
		assert_int_equal(seteuid(65534), 0);
		refused(&conf, 1, -EACCES, "net_tap0: a tap port needs root");
		assert_int_equal(seteuid(0), 0);
		return;
	}
	refused(&conf, 1, -EACCES, "net_tap0: a tap port needs root");
}

/* ---- what does not fit ---- */

static void
port_uses_what_eal_probed_and_leaves_it(void **state)
{
	const struct port_conf conf = conf_of("net_null7");
	struct rte_mbuf *m;
	struct port p;

	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		start_port(&p, &conf, 1);
		assert_false(p.probed);
		m = receive(&p);
		assert_int_equal(m->pkt_len, 200);
		rte_pktmbuf_free(m);
		refused(&conf, 1, -EBUSY, "net_null7 is already used (by another port)");
		port_stop(&p);
		assert_int_equal(rte_eth_dev_count_total(), 1);
	}
}

static void
port_refuses_one_device_twice(void **state)
{
	const struct port_conf conf = conf_of("net_ring0");
	const struct port_conf same = conf_of("net_ring0,nodeaction=r0:0:CREATE");
	struct port p;

	(void)state;
	start_port(&p, &conf, 1);
	refused(&conf, 1, -EBUSY,
		"net_ring0 is already used (by another port): each port needs a device of its own");
	refused(&same, 1, -EBUSY, "net_ring0 is already used");
	port_stop(&p);
	start_port(&p, &conf, 1);
	port_stop(&p);
}

static void
port_mtu_fits_one_buffer(void **state)
{
	struct port_conf conf = conf_of("net_null0");
	struct rte_mempool *big = pkt_pool_create("big", 1023, 9000 + 22 + RTE_PKTMBUF_HEADROOM, 0);
	struct err err = { 0 };
	struct port p;

	(void)state;
	assert_non_null(big);
	conf.mtu = 2026;
	start_port(&p, &conf, 1);
	assert_int_equal(p.mtu, 2026);
	port_stop(&p);
	conf.mtu = 2027;
	refused(&conf, 1, -EINVAL,
		"net_null0: MTU 2027 needs packet buffers of 2049 bytes, they have 2048");
	conf.mtu = 9000;
	refused(&conf, 1, -EINVAL, "net_null0: MTU 9000 needs packet buffers of 9022 bytes");
	assert_int_equal(port_start(&p, &conf, 1, big, &err), 0);
	assert_int_equal(p.mtu, 9000);
	port_stop(&p);
	conf.mtu = 67;
	refused(&conf, 1, -EINVAL, "net_null0: MTU 67: the device takes 68 to ");
	conf.mtu = 0;
	refused(&conf, 0, -EINVAL, "0 workers");
	rte_mempool_free(big);
}

static void
port_refuses_bad_devices(void **state)
{
	const struct {
		const char *device, *text;
		int code;
	} cases[] = {
		{ "", "\"\" is neither a PCI address such as 0000:01:00.0 nor a vdev", -EINVAL },
		{ "eth0", "\"eth0\" is neither a PCI address", -EINVAL },
		{ "0000:01:00", "is neither a PCI address", -EINVAL },
		{ "net_foo0", "unknown vdev net_foo0; known: net_tap, net_af_packet, ", -EINVAL },
		{ "net_null0 x", "known: ", -EINVAL },
		{ "net_null0,size", "net_null0", -ENODEV },
		{ "net_null0,=3", "net_null0", -EINVAL },
		{ "net_null0,nonsense=1", "the driver refused", -ENODEV },
		{ "net_tap0", "net_tap0: the argument iface= is missing; for example", -EINVAL },
		{ "net_tap0,iface=", "iface=", -EINVAL },
		{ "net_tap0,iface=abcdefghijklmnop", "has 16 characters, not 1 to 15", -EINVAL },
		{ "net_tap0,iface=a/b", "iface=a/b: not a legal interface name", -EINVAL },
		{ "net_af_packet0,mac=x", "the argument iface= is missing", -EINVAL },
		{ "net_af_packet0,iface=none0", "there is no interface none0 here", -ENODEV },
		{ "net_af_xdp0,iface=none0", "there is no interface none0 here", -ENODEV },
		{ "net_virtio_user0", "the argument path= is missing", -EINVAL },
		{ "net_pcap0,rx_pcap=/nowhere", "cannot read the capture file /nowhere", -ENOENT },
		{ NO_DEVICE, "no PCI device " NO_DEVICE " in this machine", -ENODEV },
		{ "ff:1f.7", "no PCI device 0000:ff:1f.7 in this machine", -ENODEV },
	};
	struct port_conf conf;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		conf = conf_of(cases[i].device);
		refused(&conf, 1, cases[i].code, cases[i].text);
		err = (struct err){ 0 };
		/* What needs the driver to be found out is all that the check without EAL misses. */
		if (strstr(cases[i].device, "size") == NULL &&
			strstr(cases[i].device, "nonsense") == NULL)
			assert_int_equal(port_device_check(cases[i].device, &err), cases[i].code);
	}
	/* The same names work afterwards. */
	conf = conf_of("net_null0");
	{
		struct port p;

		start_port(&p, &conf, 1);
		port_stop(&p);
	}
}

static void
iface_mtu_stays_within_its_port(void **state)
{
	struct port p = { .mtu = 1500 };
	struct iface iface = { .name = "wan", .mtu = 1500, .naddr = 1 };
	struct err err = { 0 };

	(void)state;
	iface.addr[0].af = AF_INET;
	assert_int_equal(iface_check(&p, &iface, &err), 0);
	iface.mtu = 1501;
	assert_int_equal(iface_check(&p, &iface, &err), -EINVAL);
	assert_string_equal(err.text, "interface wan: MTU 1501 is above its port's 1500");
	iface.mtu = 1279;
	assert_int_equal(iface_check(&p, &iface, &err), 0);
	iface.addr[0].af = AF_INET6;
	assert_int_equal(iface_check(&p, &iface, &err), -EINVAL);
	assert_string_equal(err.text, "interface wan: MTU 1279 is below 1280");
	iface.naddr = 0;
	iface.mtu = 67;
	assert_int_equal(iface_check(&p, &iface, &err), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_ring_loops_starts_again_and_leaves_nothing),
		cmocka_unit_test(port_pairs_queues_where_the_driver_does),
		cmocka_unit_test(port_null_gives_queues_as_wanted),
		cmocka_unit_test(port_rss_key_is_symmetric),
		cmocka_unit_test(port_pcap_reads_and_writes_captures),
		cmocka_unit_test(port_tap_carries_frames_and_interrupts),
		cmocka_unit_test(port_af_packet_uses_an_interface),
		cmocka_unit_test(port_socket_servers_wait_for_a_peer),
		cmocka_unit_test(port_needs_root_for_tap),
		cmocka_unit_test(port_uses_what_eal_probed_and_leaves_it),
		cmocka_unit_test(port_refuses_one_device_twice),
		cmocka_unit_test(port_mtu_fits_one_buffer),
		cmocka_unit_test(port_refuses_bad_devices),
		cmocka_unit_test(iface_mtu_stays_within_its_port),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
