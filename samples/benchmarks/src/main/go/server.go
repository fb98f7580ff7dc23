// A server on Go's net and crypto/tls packages, with a goroutine for each connection, and one for all datagrams: server SERVICE [FILE].
package main

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

const bufferSize = 64 << 10

func main() {
	switch argument(1) {
	case "udp-echo":
		echoDatagrams(listenUDP())
	case "udp-sink":
		countDatagrams(listenUDP())
	case "unixgram-sink":
		countUnixDatagrams(listenUnixgram())
	}
	serve := service(os.Args[1:])
	listener := listen()
	for {
		connection, err := listener.Accept()
		exitOn(err)
		go func() {
			defer connection.Close()
			serve(connection)
		}()
	}
}

func argument(index int) string {
	if index < len(os.Args) {
		return os.Args[index]
	}
	return ""
}

func listen() net.Listener {
	if argument(1) == "unix-echo" {
		listener, err := net.Listen("unix", newPath())
		exitOn(err)
		fmt.Printf("listening unix:%s\n", listener.Addr())
		return listener
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	exitOn(err)
	if argument(1) == "tls-echo" {
		fmt.Printf("listening tls://%s\n", listener.Addr())
		return tls.NewListener(listener, withIdentity(argument(2)))
	}
	fmt.Printf("listening tcp://%s\n", listener.Addr())
	return listener
}

// The key lies beside the certificate.
func withIdentity(path string) *tls.Config {
	identity, err := tls.LoadX509KeyPair(path, strings.TrimSuffix(path, ".pem")+".key")
	exitOn(err)
	return &tls.Config{Certificates: []tls.Certificate{identity}}
}

func listenUDP() *net.UDPConn {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	exitOn(err)
	fmt.Printf("listening udp://%s\n", socket.LocalAddr())
	return socket
}

func listenUnixgram() *net.UnixConn {
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: newPath(), Net: "unixgram"})
	exitOn(err)
	fmt.Printf("listening unixgram:%s\n", socket.LocalAddr())
	return socket
}

// In a folder of its own.
func newPath() string {
	folder, err := os.MkdirTemp("", "benchmark-")
	exitOn(err)
	return folder + "/s"
}

func echoDatagrams(socket *net.UDPConn) {
	buffer := make([]byte, bufferSize)
	for {
		count, sender, err := socket.ReadFromUDPAddrPort(buffer)
		exitOn(err)
		_, err = socket.WriteToUDPAddrPort(buffer[:count], sender)
		exitOn(err)
	}
}

type counter struct{ datagrams, bytes uint64 }

// One byte asks for how much there was else.
func (c *counter) take(count int) []byte {
	if count == 1 {
		answer := make([]byte, 16)
		binary.BigEndian.PutUint64(answer, c.datagrams)
		binary.BigEndian.PutUint64(answer[8:], c.bytes)
		return answer
	}
	c.datagrams++
	c.bytes += uint64(count)
	return nil
}

func countDatagrams(socket *net.UDPConn) {
	var all counter
	buffer := make([]byte, bufferSize)
	for {
		count, sender, err := socket.ReadFromUDPAddrPort(buffer)
		exitOn(err)
		if answer := all.take(count); answer != nil {
			socket.WriteToUDPAddrPort(answer, sender)
		}
	}
}

func countUnixDatagrams(socket *net.UnixConn) {
	var all counter
	buffer := make([]byte, bufferSize)
	for {
		count, sender, err := socket.ReadFromUnix(buffer)
		exitOn(err)
		if answer := all.take(count); answer != nil {
			socket.WriteToUnix(answer, sender)
		}
	}
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func service(arguments []string) func(net.Conn) {
	if len(arguments) > 0 {
		switch arguments[0] {
		case "echo", "unix-echo", "tls-echo":
			return echo
		case "sink":
			return sink
		}
	}
	if len(arguments) > 1 {
		switch arguments[0] {
		case "source":
			return source(arguments[1])
		case "file":
			return file(arguments[1])
		}
	}
	fmt.Fprintln(os.Stderr, "usage: server echo|unix-echo|tls-echo|sink|source|file|udp-echo|udp-sink|unixgram-sink [FILE]")
	os.Exit(2)
	return nil
}

func echo(connection net.Conn) {
	buffer := make([]byte, bufferSize)
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:count]); err != nil {
			return
		}
	}
}

func sink(connection net.Conn) {
	buffer := make([]byte, bufferSize)
	var received uint64
	for {
		count, err := connection.Read(buffer)
		received += uint64(count)
		if err == io.EOF {
			binary.Write(connection, binary.BigEndian, received)
		}
		if err != nil {
			return
		}
	}
}

func source(path string) func(net.Conn) {
	content, err := os.ReadFile(path)
	exitOn(err)
	return func(connection net.Conn) {
		if _, err := connection.Read(make([]byte, 1)); err != nil {
			return
		}
		for {
			for from := 0; from < len(content); from += bufferSize {
				to := from + bufferSize
				if to > len(content) {
					to = len(content)
				}
				if _, err := connection.Write(content[from:to]); err != nil {
					return
				}
			}
		}
	}
}

// The copy from a file to a connection is sendfile(2).
func file(path string) func(net.Conn) {
	return func(connection net.Conn) {
		request := make([]byte, 1)
		for {
			if _, err := connection.Read(request); err != nil {
				return
			}
			if err := send(connection, path); err != nil {
				return
			}
		}
	}
}

func send(connection net.Conn, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(connection, file)
	return err
}
