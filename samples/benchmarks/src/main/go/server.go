// A server on Go's net package, with a goroutine for each connection: server SERVICE [FILE].
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
)

const bufferSize = 64 << 10

func main() {
	serve := service(os.Args[1:])
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	exitOn(err)
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		exitOn(err)
		go func() {
			defer connection.Close()
			serve(connection)
		}()
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
		case "echo":
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
	fmt.Fprintln(os.Stderr, "usage: server echo|sink|source|file [FILE]")
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
