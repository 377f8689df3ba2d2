//! Calling a service with the request as it is, where nothing is to be seen of its body.
#![cfg_attr(
    feature = "axum",
    expect(
        unsafe_code,
        reason = "a type is known to be axum's route only when code is made for it; the rows gomon and gomon_off of the bench pay for it"
    )
)]

#[cfg(not(feature = "axum"))]
use http::Request;

#[cfg(feature = "axum")]
pub(crate) use self::route::call;

/// Takes the request, and gives the future of the call; nothing where the request has to be wrapped.
#[cfg(not(feature = "axum"))]
pub(crate) fn call<S, B, F>(_service: &mut S, _request: &mut Option<Request<B>>) -> Option<F> {
    None
}

/// axum's route takes requests with any body, and allocates for each that is not axum's own. A monitored body is not; the body that
/// came is.
#[cfg(feature = "axum")]
mod route {
    use std::any::TypeId;
    use std::convert::Infallible;
    use std::marker::PhantomData;
    use std::mem::{self, ManuallyDrop};
    use std::ptr;

    use axum::body::Body;
    use axum::routing::Route;
    use axum::routing::future::RouteFuture;
    use http::Request;
    use tower_service::Service;

    /// Takes the request, and gives the future of the call; nothing where the request has to be wrapped.
    #[inline]
    pub(crate) fn call<S, B, F>(service: &mut S, request: &mut Option<Request<B>>) -> Option<F> {
        let same = (
            Same::<S, Route>::known(),
            Same::<Request<B>, Request<Body>>::known(),
            Same::<F, RouteFuture<Infallible>>::known(),
        );
        let (Some(route), Some(own), Some(future)) = same else {
            return None;
        };
        let request = own.forth(request.take()?);
        let answer = Service::call(route.mutable(service), request);
        Some(future.back(answer))
    }

    /// Knows that two types are one. There is none for two that are not.
    struct Same<T, U>(PhantomData<fn(T) -> U>);

    /// `U` has no lifetime in it: so a type with the same id is the same type.
    trait WithoutLifetime: 'static {}
    impl WithoutLifetime for Route {}
    impl WithoutLifetime for Request<Body> {}
    impl WithoutLifetime for RouteFuture<Infallible> {}

    impl<T, U: WithoutLifetime> Same<T, U> {
        #[inline]
        fn known() -> Option<Self> {
            (id_of::<T>() == TypeId::of::<U>()).then_some(Self(PhantomData))
        }

        #[inline]
        fn mutable<'a>(&self, value: &'a mut T) -> &'a mut U {
            // SAFETY: the two are one type, as this value knows; the borrow is handed on.
            unsafe { &mut *ptr::from_mut(value).cast() }
        }

        #[inline]
        fn forth(&self, value: T) -> U {
            let value = ManuallyDrop::new(value);
            // SAFETY: the two are one type, as this value knows; what is copied is not used again.
            unsafe { mem::transmute_copy(&*value) }
        }

        #[inline]
        fn back(&self, value: U) -> T {
            let value = ManuallyDrop::new(value);
            // SAFETY: as in `forth`.
            unsafe { mem::transmute_copy(&*value) }
        }
    }

    /// The id of a type in which lifetimes may be, whatever they are (David Tolnay's `typeid` does it so).
    #[inline]
    fn id_of<T>() -> TypeId {
        trait Known {
            fn id(&self) -> TypeId
            where
                Self: 'static;
        }
        impl<T> Known for PhantomData<T> {
            #[inline]
            fn id(&self) -> TypeId
            where
                Self: 'static,
            {
                TypeId::of::<T>()
            }
        }
        let known: &dyn Known = &PhantomData::<T>;
        // SAFETY: only a lifetime is made longer, of a value that has nothing in it; it is not kept.
        let known = unsafe { mem::transmute::<&dyn Known, &(dyn Known + 'static)>(known) };
        known.id()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_type_is_known_by_its_id_whatever_lifetimes_are_in_it() {
            fn id_of_borrowed<'a>(_text: &'a str) -> TypeId {
                id_of::<&'a str>()
            }
            assert_eq!(id_of::<Route>(), TypeId::of::<Route>());
            assert_eq!(id_of_borrowed(&"a".repeat(2)), TypeId::of::<&str>());
            assert!(Same::<Route, Route>::known().is_some());
            assert!(Same::<&str, Route>::known().is_none());
            assert!(Same::<Route<String>, Route>::known().is_none());
        }

        #[test]
        fn a_request_for_another_service_stays_where_it_is() {
            let mut service = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(()));
            let mut request = Some(Request::new("body".to_owned()));
            let future = call::<_, _, RouteFuture<Infallible>>(&mut service, &mut request);
            assert!(future.is_none() && request.is_some());
        }
    }
}
