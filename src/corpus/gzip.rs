//! Members of gzip behind each other are one text, and zeros between and behind them are padding, as gzip and Python read it.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::input::Input;

/// The unpacked bytes of a file.
pub(super) struct Gzip {
    /// The member at hand. It is only taken out to begin the next one.
    member: Option<GzDecoder<BufReader<Input>>>,
    is_over: bool,
}

impl Gzip {
    pub(super) fn new(input: BufReader<Input>) -> Gzip {
        Gzip { member: Some(GzDecoder::new(input)), is_over: false }
    }

    pub(super) fn input(&self) -> &Input {
        self.member.as_ref().expect("there is always a member").get_ref().get_ref()
    }

    pub(super) fn input_mut(&mut self) -> &mut Input {
        self.member.as_mut().expect("there is always a member").get_mut().get_mut()
    }
}

impl Read for Gzip {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        while !self.is_over && !output.is_empty() {
            let member = self.member.as_mut().expect("there is always a member");
            let read = member.read(output)?;
            if read > 0 {
                return Ok(read);
            }
            if skip_zeros(member.get_mut())? {
                self.is_over = true;
            } else {
                self.member = self.member.take().map(|member| GzDecoder::new(member.into_inner()));
            }
        }
        Ok(0)
    }
}

/// Goes to the next byte that is not 0. Gives whether there is none.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let is_found = zeros < bytes.len();
        input.consume(zeros);
        if is_found {
            return Ok(false);
        }
    }
}
