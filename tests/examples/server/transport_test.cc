#include "examples/server/transport.h"

#include <sluice/h2/connection.h>
#include <sluice/h2/types.h>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace sluice::examples {
namespace {

constexpr size_t kRecord = 16384;
// Of a record that fits one segment of an Ethernet.
constexpr size_t kSmallRecord = 1400;

// A server's connection whose output is one response of any length, and a
// socket pair that takes or refuses it.
class TransportTest : public ::testing::Test {
 protected:
  TransportTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_), 0);
    h2::Connection client(
        {.side = h2::Side::kClient,
         .settings = {{h2::SettingId::kInitialWindowSize, 0x7fffffff}},
         .limits = {}});
    EXPECT_TRUE(client.InitiateConnection().ok());
    EXPECT_TRUE(client.IncrementFlowControlWindow(0, 1 << 30).ok());
    EXPECT_TRUE(client
                    .SendHeaders(1,
                                 {{":method", "GET"},
                                  {":scheme", "http"},
                                  {":path", "/"},
                                  {":authority", "localhost"}},
                                 {.end_stream = true})
                    .ok());
    std::vector<h2::Event> events;
    EXPECT_TRUE(server_.InitiateConnection().ok());
    EXPECT_TRUE(server_.ReceiveData(client.DataToSend(), &events).ok());
    EXPECT_TRUE(server_.SendHeaders(1, {{":status", "200"}}).ok());
    server_.ClearOutput();
  }
  ~TransportTest() override {
    close(sockets_[0]);
    close(sockets_[1]);
  }

  void QueueData(size_t bytes) {
    ASSERT_TRUE(server_.SendData(1, absl::Cord(std::string(bytes, 'd'))).ok());
  }

  std::string ReadPeer() {
    std::string all(1 << 20, '\0');
    const ssize_t got = recv(sockets_[1], all.data(), all.size(), 0);
    all.resize(std::max<ssize_t>(got, 0));
    return all;
  }

  int sockets_[2];
  h2::Connection server_{{.side = h2::Side::kServer,
                          .settings = {},
                          .limits = {.output_high_water_mark = 1 << 20}}};
};

TEST_F(TransportTest, CleartextWritesTheOutputAsItIs) {
  const std::unique_ptr<Transport> transport =
      MakeCleartextTransport(sockets_[0]);
  EXPECT_EQ(transport->Handshake().status, IoStatus::kDone);
  QueueData(16384);
  const IoResult result = transport->Write(&server_, kRecord);
  EXPECT_EQ(result.status, IoStatus::kDone);
  EXPECT_EQ(result.bytes, 16384 + 9);
  EXPECT_EQ(server_.OutputSize(), 0);
  EXPECT_EQ(ReadPeer().size(), 16384 + 9);
}

TEST_F(TransportTest, CleartextGathersManyFramesInOneWrite) {
  // Each message of this socket is one write.
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets), 0);
  const std::unique_ptr<Transport> transport =
      MakeCleartextTransport(sockets[0]);
  for (int i = 0; i < 100; ++i) QueueData(100);
  const IoResult result = transport->Write(&server_, kRecord);
  EXPECT_EQ(result.status, IoStatus::kDone);
  EXPECT_EQ(result.bytes, 100 * (100 + 9));
  std::string message(1 << 20, '\0');
  EXPECT_EQ(recv(sockets[1], message.data(), message.size(), 0),
            100 * (100 + 9));
  close(sockets[0]);
  close(sockets[1]);
}

TEST_F(TransportTest, CleartextKeepsTheBytesThatAFullSocketRefuses) {
  const std::unique_ptr<Transport> transport =
      MakeCleartextTransport(sockets_[0]);
  size_t sent = 0;
  IoResult result;
  do {
    if (server_.CapacityFor(0).output_room >= 16384) QueueData(16384);
    result = transport->Write(&server_, kRecord);
    sent += result.bytes;
  } while (result.status == IoStatus::kDone);
  EXPECT_EQ(result.status, IoStatus::kWantWrite);
  EXPECT_GT(server_.OutputSize(), 0);
  size_t received = 0;
  for (std::string part = ReadPeer(); !part.empty(); part = ReadPeer()) {
    received += part.size();
  }
  EXPECT_EQ(received, sent);
  EXPECT_EQ(transport->Write(&server_, kRecord).status, IoStatus::kDone);
}

// So that no call asks whether more is there.
TEST_F(TransportTest, OnlyAFullBufferMeansThatMoreMayFollow) {
  const std::unique_ptr<Transport> transport =
      MakeCleartextTransport(sockets_[0]);
  char buffer[4];
  ASSERT_EQ(send(sockets_[1], "abcdef", 6, 0), 6);
  EXPECT_TRUE(transport->Read(absl::MakeSpan(buffer)).more);
  EXPECT_FALSE(transport->Read(absl::MakeSpan(buffer)).more);
}

TEST_F(TransportTest, CleartextDistinguishesNoBytesYetFromTheEnd) {
  const std::unique_ptr<Transport> transport =
      MakeCleartextTransport(sockets_[0]);
  char buffer[16];
  EXPECT_EQ(transport->Read(absl::MakeSpan(buffer)).status,
            IoStatus::kWantRead);
  ASSERT_EQ(send(sockets_[1], "abc", 3, 0), 3);
  EXPECT_EQ(transport->Read(absl::MakeSpan(buffer)).bytes, 3);
  shutdown(sockets_[1], SHUT_WR);
  EXPECT_EQ(transport->Read(absl::MakeSpan(buffer)).status, IoStatus::kEnd);
}

// A TLS client in memory, so that the records between can be looked at.
class TlsTransportTest : public TransportTest {
 protected:
  explicit TlsTransportTest(int version = TLS1_3_VERSION) {
    context_.reset(SSL_CTX_new(TLS_method()));
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION);
    AddSelfSignedCertificate();
    transport_ = MakeTlsTransport(context_.get(), sockets_[0], &scratch_);
    client_.reset(SSL_new(context_.get()));
    SSL_set_connect_state(client_.get());
    SSL_set_bio(client_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    IoStatus status = IoStatus::kWantRead;
    for (int i = 0; i < 10 && status != IoStatus::kDone; ++i) {
      SSL_do_handshake(client_.get());
      MoveFromClient();
      status = transport_->Handshake().status;
      Receive();
    }
    SSL_do_handshake(client_.get());
    MoveFromClient();
    EXPECT_EQ(transport_->Handshake().status, IoStatus::kDone);
    Decrypt();
  }

  void AddSelfSignedCertificate() {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(),
                                                                  &X509_free);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
    EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), certificate.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), key.get()), 1);
  }

  void MoveFromClient() {
    char buffer[65536];
    const int got =
        BIO_read(SSL_get_wbio(client_.get()), buffer, sizeof(buffer));
    if (got > 0) {
      ASSERT_EQ(send(sockets_[1], buffer, got, 0), got);
    }
  }

  // Gives what the server wrote to the client; returns the raw bytes.
  std::string Receive() {
    const std::string raw = ReadPeer();
    BIO_write(SSL_get_rbio(client_.get()), raw.data(),
              static_cast<int>(raw.size()));
    return raw;
  }

  size_t Decrypt() {
    size_t total = 0;
    char buffer[65536];
    for (int got;
         (got = SSL_read(client_.get(), buffer, sizeof(buffer))) > 0;) {
      total += got;
    }
    return total;
  }

  // With records of which a part is refused. Returns their payload.
  size_t FillSocket() {
    const int small = 4096;
    setsockopt(sockets_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    size_t sent = 0;
    do {
      QueueData(kRecord - 9);
      sent += kRecord;
    } while (transport_->Write(&server_, kRecord).status == IoStatus::kDone);
    return sent;
  }

  // Lengths of the records in `raw`, with their 5-byte headers (RFC 8446 §5.1).
  static std::vector<size_t> Records(const std::string& raw) {
    std::vector<size_t> sizes;
    for (size_t at = 0; at + 5 <= raw.size(); at += sizes.back()) {
      sizes.push_back(5 + static_cast<unsigned char>(raw[at + 3]) * 256 +
                      static_cast<unsigned char>(raw[at + 4]));
    }
    return sizes;
  }

  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  TransportScratch scratch_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<SSL, FreeSsl> client_;
};

TEST_F(TlsTransportTest, WithoutMemoryForOpenSslThereIsNoTransport) {
  EXPECT_EQ(MakeTlsTransport(nullptr, sockets_[0], &scratch_), nullptr);
  ERR_clear_error();
}

TEST_F(TlsTransportTest, RecordsAreFilledAcrossFrames) {
  for (int i = 0; i < 40; ++i) QueueData(1000);
  ASSERT_EQ(transport_->Write(&server_, kRecord).status, IoStatus::kDone);
  EXPECT_EQ(server_.OutputSize(), 0);
  const std::vector<size_t> records = Records(Receive());
  ASSERT_EQ(records.size(), 3) << "40,360 bytes";
  EXPECT_GT(records[0], kRecord);
  EXPECT_GT(records[1], kRecord);
  EXPECT_EQ(Decrypt(), 40 * (1000 + 9));
}

TEST_F(TlsTransportTest, SmallRecordsFitASegment) {
  QueueData(10'000);
  ASSERT_EQ(transport_->Write(&server_, kSmallRecord).status, IoStatus::kDone);
  const std::vector<size_t> records = Records(Receive());
  ASSERT_EQ(records.size(), 8);
  for (size_t i = 0; i + 1 < records.size(); ++i) {
    EXPECT_LE(records[i], 1428) << "an Ethernet segment over IPv6";
    EXPECT_GE(records[i], 1400);
  }
  EXPECT_EQ(Decrypt(), 10'000 + 9);
}

TEST_F(TlsTransportTest, AllRecordsOfOneReadAreDecrypted) {
  std::string sent;
  for (int i = 0; i < 20; ++i) {
    const std::string part(1000 + i, static_cast<char>('a' + i));
    ASSERT_EQ(SSL_write(client_.get(), part.data(), part.size()), part.size());
    sent += part;
  }
  char cipher[65536];
  const int size =
      BIO_read(SSL_get_wbio(client_.get()), cipher, sizeof(cipher));
  std::vector<char> buffer(65536);
  // The last record comes in two parts.
  ASSERT_EQ(send(sockets_[1], cipher, size - 10, 0), size - 10);
  const IoResult first = transport_->Read(absl::MakeSpan(buffer));
  EXPECT_EQ(first.status, IoStatus::kDone);
  EXPECT_FALSE(first.more);
  std::string got(buffer.data(), first.bytes);
  EXPECT_EQ(got.size(), sent.size() - 1019);
  ASSERT_EQ(send(sockets_[1], cipher + size - 10, 5, 0), 5);
  const IoResult none = transport_->Read(absl::MakeSpan(buffer));
  EXPECT_EQ(none.status, IoStatus::kDone);
  EXPECT_EQ(none.bytes, 0) << "the record is not complete";
  ASSERT_EQ(send(sockets_[1], cipher + size - 5, 5, 0), 5);
  const IoResult last = transport_->Read(absl::MakeSpan(buffer));
  got.append(buffer.data(), last.bytes);
  EXPECT_EQ(got, sent);
  EXPECT_EQ(transport_->Read(absl::MakeSpan(buffer)).status,
            IoStatus::kWantRead);
}

TEST_F(TlsTransportTest, CloseNotifyBehindDataIsTheEnd) {
  ASSERT_EQ(SSL_write(client_.get(), "abc", 3), 3);
  SSL_shutdown(client_.get());
  MoveFromClient();
  std::vector<char> buffer(65536);
  const IoResult data = transport_->Read(absl::MakeSpan(buffer));
  EXPECT_EQ(data.status, IoStatus::kDone);
  EXPECT_EQ(data.bytes, 3);
  EXPECT_TRUE(data.more);
  EXPECT_EQ(transport_->Read(absl::MakeSpan(buffer)).status, IoStatus::kEnd);
}

TEST_F(TlsTransportTest, ManyRecordsLeaveInOneWrite) {
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets), 0);
  // Each message of this socket is one write.
  ASSERT_EQ(dup2(sockets[0], sockets_[0]), sockets_[0]);
  for (int i = 0; i < 4; ++i) QueueData(kRecord - 9);
  const IoResult result = transport_->Write(&server_, kRecord);
  EXPECT_EQ(result.status, IoStatus::kDone);
  EXPECT_EQ(result.bytes, 4 * kRecord);
  std::string message(1 << 20, '\0');
  message.resize(recv(sockets[1], message.data(), message.size(), 0));
  EXPECT_EQ(Records(message).size(), 4);
  close(sockets[0]);
  close(sockets[1]);
}

TEST_F(TlsTransportTest, AnOutputAboveTheScratchTakesSeveralWrites) {
  for (int i = 0; i < 40; ++i) QueueData(kRecord - 9);
  size_t received = 0;
  size_t taken = 0;
  do {
    const IoResult result = transport_->Write(&server_, kRecord);
    ASSERT_NE(result.status, IoStatus::kError);
    EXPECT_LT(transport_->Pending(), sizeof(scratch_.sealed));
    taken += result.bytes;
    Receive();
    received += Decrypt();
  } while (transport_->Pending() > 0 || server_.OutputSize() > 0);
  EXPECT_EQ(taken, 40 * kRecord);
  EXPECT_EQ(received, 40 * kRecord);
}

TEST_F(TlsTransportTest, AFullSocketLeavesAPartOfOneWritePending) {
  const int small = 4096;
  setsockopt(sockets_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  size_t queued = 0;
  size_t taken = 0;
  IoResult result;
  do {
    QueueData(kRecord - 9);
    queued += kRecord;
    result = transport_->Write(&server_, kRecord);
    taken += result.bytes;
  } while (result.status == IoStatus::kDone);
  EXPECT_EQ(result.status, IoStatus::kWantWrite);
  EXPECT_GT(transport_->Pending(), 0);
  EXPECT_LT(transport_->Pending(), kRecord + 256);
  EXPECT_EQ(taken, queued) << "the record holds the frame";
  // Writing again does not take more of the output …
  QueueData(100);
  EXPECT_EQ(transport_->Write(&server_, kRecord).status, IoStatus::kWantWrite);
  EXPECT_EQ(server_.OutputSize(), 109);
  // … other transports of the thread use the scratch in the meantime …
  scratch_.record.fill('x');
  scratch_.sealed.fill('x');
  // … and when the socket has room, all of it goes out once.
  size_t received = 0;
  while (transport_->Pending() > 0 || server_.OutputSize() > 0) {
    Receive();
    received += Decrypt();
    const IoResult next = transport_->Write(&server_, kRecord);
    ASSERT_NE(next.status, IoStatus::kError);
    taken += next.bytes;
  }
  Receive();
  received += Decrypt();
  EXPECT_EQ(received, taken);
  EXPECT_EQ(received, queued + 109);
}

TEST_F(TlsTransportTest, NothingOvertakesRecordsThatTheSocketRefused) {
  FillSocket();
  Receive();  // now there is room
  // OpenSSL answers a record of an unknown kind with an alert.
  ASSERT_EQ(send(sockets_[1], "\xff\3\3\0\1x", 6, 0), 6);
  std::vector<char> buffer(65536);
  EXPECT_EQ(transport_->Read(absl::MakeSpan(buffer)).status, IoStatus::kError);
  transport_->ShutdownWrite();
  EXPECT_EQ(ReadPeer().size(), 0) << "neither an alert nor close_notify comes "
                                     "in the middle of a record";
  ERR_clear_error();
}

TEST_F(TlsTransportTest, NewKeysMayBeAskedForWhileTheSocketIsFull) {
  size_t received = 0;
  size_t sent = FillSocket();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client_.get()), 1);
    MoveFromClient();
    std::vector<char> buffer(65536);
    EXPECT_EQ(transport_->Read(absl::MakeSpan(buffer)).status, IoStatus::kDone);
  }
  QueueData(100);
  sent += 109;
  while (transport_->Pending() > 0 || server_.OutputSize() > 0) {
    ASSERT_NE(transport_->Write(&server_, kRecord).status, IoStatus::kError);
    Receive();
    received += Decrypt();
  }
  EXPECT_EQ(received, sent);
}

class Tls12TransportTest : public TlsTransportTest {
 protected:
  Tls12TransportTest() : TlsTransportTest(TLS1_2_VERSION) {}
};

// By an alert (RFC 5246 §7.2.2), whose number counts as each record's does: if
// it were lost, the client could read nothing after it.
TEST_F(Tls12TransportTest, ARenegotiationIsRefusedWhileTheSocketIsFull) {
  FillSocket();
  SSL_clear_options(client_.get(), SSL_OP_NO_RENEGOTIATION);
  ASSERT_EQ(SSL_renegotiate(client_.get()), 1);
  SSL_do_handshake(client_.get());
  MoveFromClient();
  std::vector<char> buffer(65536);
  EXPECT_EQ(transport_->Read(absl::MakeSpan(buffer)).status, IoStatus::kDone);
  QueueData(100);
  std::string raw;
  while (transport_->Pending() > 0 || server_.OutputSize() > 0) {
    raw += ReadPeer();
    ASSERT_NE(transport_->Write(&server_, kRecord).status, IoStatus::kError);
  }
  raw += ReadPeer();
  std::vector<int> types;
  size_t at = 0;
  for (const size_t size : Records(raw)) {
    types.push_back(raw[at]);
    at += size;
  }
  ASSERT_GE(types.size(), 3);
  EXPECT_EQ(types[types.size() - 2], SSL3_RT_ALERT);
  EXPECT_EQ(types.back(), SSL3_RT_APPLICATION_DATA);
}

TEST_F(TlsTransportTest, ShutdownSendsCloseNotify) {
  transport_->ShutdownWrite();
  Receive();
  Decrypt();
  EXPECT_EQ(SSL_get_shutdown(client_.get()), SSL_RECEIVED_SHUTDOWN);
}

}  // namespace
}  // namespace sluice::examples
