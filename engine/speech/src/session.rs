//! One loaded model: the only file that knows the inference runtime.
//!
//! Weights are read once and shared; a [`Session`] is immutable and any thread may run it. The
//! runtime computes on threads of its own kind and hops to one for every run, unless it is already
//! on one: [`on_inference_thread`] turns the calling thread into such a thread's client for as long
//! as a function lasts, so that all runs inside it stay where they are.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use thiserror::Error;

use crate::models::ModelError;

/// A loaded model.
pub struct Session {
    model: Model,
    name: String,
}

/// A named input, output or inner value of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(NodeId);

/// Numbers in a shape. Kept in the runtime's own form, so that state handed from run to run is
/// never copied.
#[derive(Clone, Debug)]
pub struct Tensor(Value);

/// A model could not be run on what it was given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InferenceError {
    /// The runtime gave up.
    #[error("the model {model} did not run: {reason}")]
    Run {
        /// Which model.
        model: String,
        /// What the runtime says: shapes and operators, never content.
        reason: String,
    },
    /// It answered with something else than it is known to.
    #[error("the model {model} gave a tensor of another shape or type than expected")]
    Output {
        /// Which model.
        model: String,
    },
}

impl Session {
    /// Loads the model in `path`.
    ///
    /// # Errors
    /// [`ModelError::Load`] if it cannot be read or holds operators the runtime lacks.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes =
            std::fs::read(path).map_err(|source| ModelError::Read { path: path.into(), source })?;
        // Weights stay packed for the machine's matrix kernels: 68 ms once, and faster runs.
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(bytes)
            .map_err(|error| ModelError::Load { path: path.into(), reason: error.to_string() })?;
        Ok(Self { model, name })
    }

    /// The value named `name`.
    ///
    /// # Errors
    /// [`ModelError::Port`] if the model has none of that name.
    pub fn port(&self, name: &str) -> Result<Port, ModelError> {
        self.model
            .find_node(name)
            .map(Port)
            .ok_or_else(|| ModelError::Port { model: self.name.clone(), port: name.into() })
    }

    /// The model's inputs by name, in its own order.
    pub fn inputs(&self) -> Vec<(String, Port)> {
        self.named(self.model.input_ids())
    }

    /// The model's outputs by name, in its own order.
    pub fn outputs(&self) -> Vec<(String, Port)> {
        self.named(self.model.output_ids())
    }

    /// Computes `outputs` from `inputs`, on one thread.
    ///
    /// # Errors
    /// [`InferenceError::Run`] if an input is missing or of the wrong shape.
    pub fn run(
        &self,
        inputs: &[(Port, &Tensor)],
        outputs: &[Port],
    ) -> Result<Vec<Tensor>, InferenceError> {
        let feed: Vec<(NodeId, ValueOrView<'_>)> =
            inputs.iter().map(|(port, tensor)| (port.0, ValueOrView::from(&tensor.0))).collect();
        let ids: Vec<NodeId> = outputs.iter().map(|port| port.0).collect();
        let options = RunOptions::default().with_thread_pool(Some(threads()));
        let values = self.model.run(feed, &ids, Some(options)).map_err(|error| {
            InferenceError::Run { model: self.name.clone(), reason: error.to_string() }
        })?;
        Ok(values.into_iter().map(Tensor).collect())
    }

    /// The error for an output that is not what the model's contract says.
    pub fn unexpected(&self) -> InferenceError {
        InferenceError::Output { model: self.name.clone() }
    }

    fn named(&self, ids: &[NodeId]) -> Vec<(String, Port)> {
        let name = |id: &NodeId| {
            let info = self.model.node_info(*id)?;
            Some((info.name()?.to_owned(), Port(*id)))
        };
        ids.iter().filter_map(name).collect()
    }
}

impl Tensor {
    /// Floats in `shape`.
    ///
    /// # Panics
    /// If `shape` does not hold exactly `values`.
    pub fn floats(shape: &[usize], values: Vec<f32>) -> Self {
        Self(Value::from_shape(shape, values).expect("the shape holds the values"))
    }

    /// Integers in `shape`.
    ///
    /// # Panics
    /// If `shape` does not hold exactly `values`.
    pub fn integers(shape: &[usize], values: Vec<i32>) -> Self {
        Self(Value::from_shape(shape, values).expect("the shape holds the values"))
    }

    /// The shape and the floats, row by row; `None` if it holds something else or has not `N`
    /// dimensions.
    pub fn into_floats<const N: usize>(self) -> Option<([usize; N], Vec<f32>)> {
        self.0.into_shape_vec().ok()
    }

    /// The parts with these indexes along the first of four dimensions, in this order; `None` if it
    /// holds something else than floats, or fewer parts.
    pub fn select(self, parts: &[usize]) -> Option<Self> {
        let (mut shape, values) = self.into_floats::<4>()?;
        let as_is = parts.iter().copied().eq(0..shape[0]);
        if as_is {
            return Some(Self::floats(&shape, values));
        }
        let len = values.len() / shape[0].max(1);
        let mut selected = Vec::with_capacity(parts.len() * len);
        for &part in parts {
            selected.extend_from_slice(values.get(part * len..(part + 1) * len)?);
        }
        shape[0] = parts.len();
        Some(Self::floats(&shape, selected))
    }

    /// The shape and the integers, row by row; `None` if it holds something else or has not `N`
    /// dimensions.
    pub fn into_integers<const N: usize>(self) -> Option<([usize; N], Vec<i32>)> {
        self.0.into_shape_vec().ok()
    }
}

/// Runs `work` on a new thread of the inference runtime, and returns what it returns.
///
/// Every [`Session::run`] inside `work` then runs on that same thread, without a hop. The calling
/// thread waits. For threads that live long: pool workers, and media threads that run a detector.
pub fn on_inference_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let threads = Arc::new(ThreadPool::with_num_threads(1));
    threads.run(|| {
        THREADS.with(|own| *own.borrow_mut() = Some(Arc::clone(&threads)));
        let result = work();
        THREADS.with(|own| *own.borrow_mut() = None);
        result
    })
}

thread_local! {
    /// The runtime's thread of this thread: itself, or one made at the first run.
    static THREADS: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
}

/// The calling thread's own single inference thread.
fn threads() -> Arc<ThreadPool> {
    THREADS.with(|own| {
        let mut own = own.borrow_mut();
        Arc::clone(own.get_or_insert_with(|| Arc::new(ThreadPool::with_num_threads(1))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inference_thread_is_its_own_pool() {
        let (outer, inner) = on_inference_thread(|| {
            let outer = std::thread::current().id();
            (outer, threads().run(|| std::thread::current().id()))
        });
        assert_eq!(outer, inner);
        assert_ne!(outer, std::thread::current().id());
    }

    #[test]
    fn tensors_give_back_what_they_hold() {
        let tensor = Tensor::floats(&[1, 2], vec![1.0, 2.0]);
        assert_eq!(tensor.clone().into_integers::<2>(), None);
        assert_eq!(tensor.clone().into_floats::<3>(), None);
        assert_eq!(tensor.into_floats(), Some(([1, 2], vec![1.0, 2.0])));
    }

    #[test]
    fn parts_are_selected_in_order() {
        let tensor = || Tensor::floats(&[3, 1, 1, 2], vec![0.0, 0.1, 1.0, 1.1, 2.0, 2.1]);
        let select = |parts: &[usize]| tensor().select(parts)?.into_floats::<4>();
        assert_eq!(select(&[2, 0, 0, 2]).unwrap().0, [4, 1, 1, 2]);
        assert_eq!(select(&[2, 0]).unwrap().1, [2.0, 2.1, 0.0, 0.1]);
        assert_eq!(select(&[0, 1, 2]), tensor().into_floats());
        assert_eq!(select(&[3]), None);
        assert!(Tensor::integers(&[1, 1, 1, 1], vec![1]).select(&[0]).is_none());
    }
}
