// A vCenter for tests: govmomi's simulator with one datacenter, one cluster, and as many hosts and machines as asked.
//
// It prints one line of JSON when it listens.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"io"
	"log"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	hosts := flag.Int("hosts", 3, "hosts of the cluster")
	machines := flag.Int("machines", 0, "machines that somebody else made")
	user := flag.String("user", "administrator@vsphere.local", "who may log in")
	tethered := flag.Bool("tethered", false, "end when the standard input ends")
	password := os.Getenv("VCENTER_PASSWORD")
	flag.Parse()
	if password == "" {
		log.Fatal("VCENTER_PASSWORD is not set: it is the password of -user")
	}

	model := simulator.VPX()
	model.Host = 0
	model.ClusterHost = *hosts
	model.Machine = *machines
	model.Datastore = 2
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()

	certificate, text := newCertificate()
	model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(*user, password)}
	model.Service.RegisterEndpoints = true
	server := model.Service.NewServer()
	defer server.Close()

	told := map[string]string{"host": "127.0.0.1", "port": server.URL.Port(), "certificate": text}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		log.Fatal(err)
	}

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	if *tethered {
		go func() {
			// Whoever started it holds the other end: it ends with them, however they end.
			_, _ = io.Copy(io.Discard, os.Stdin)
			ended <- syscall.SIGTERM
		}()
	}
	<-ended
}

// newCertificate answers a certificate that vouches for itself: an authority and a server in one, and its text.
func newCertificate() (tls.Certificate, string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "vCenter simulator"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text
}
